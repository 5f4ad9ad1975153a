#include "agent/http_curl.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/url.h"

namespace acme::agent {
namespace {

using protocol::Answer;

constexpr std::size_t kHeaderLimit = 64 * 1024;  // all header lines of one exchange
constexpr long kConnectSeconds = 10;
constexpr long kWholeSeconds = 60;
// A CA may take long before the first byte of an answer, but not for ever.
constexpr long kSlowBytesPerSecond = 10;
constexpr long kSlowSeconds = 45;
constexpr long kRedirects = 3;
constexpr long kPeekConnectSeconds = 5;
constexpr long kPeekSeconds = 10;

// "ca.example:14000" of a URL, for sentences about connections.
std::string host_of(const std::string& url) {
  std::size_t begin = url.find("://");
  if (begin == std::string::npos) return printable(url);
  begin += 3;
  return printable(url.substr(begin, url.find_first_of("/?#", begin) - begin));
}

}  // namespace

class CurlHttp::Library {
 public:
  Library() : ok_(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {}
  ~Library() {
    if (ok_) curl_global_cleanup();
  }
  bool ok() const { return ok_; }

 private:
  bool ok_;
};

class CurlHttp::Transfer {
 public:
  Transfer(HttpRequest request, HttpCallback done)
      : request_(std::move(request)), done_(std::move(done)), easy_(curl_easy_init()) {}
  ~Transfer() {
    for (curl_slist* line = headers_; line; line = line->next)
      explicit_bzero(line->data, std::strlen(line->data));  // some are secret
    curl_slist_free_all(headers_);
    curl_slist_free_all(addresses_);
    curl_easy_cleanup(easy_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_; }
  bool prepare(const std::string& user_agent);
  void finish(CURLcode code) { done_(result(code)); }

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  bool set_limits();
  bool set_trust();
  bool set_method();
  bool set_headers();
  bool add_header(const char* line);
  bool set_addresses();
  bool set_peek();
  bool set_proxy();
  bool take_peek(const char* data, std::size_t size);
  HttpResult result(CURLcode code);
  HttpError error(CURLcode code) const;
  std::string error_words(CURLcode code) const;
  std::string proxy_words(CURLcode code) const;
  template <class T>
  bool set(CURLoption option, T value) {
    return curl_easy_setopt(easy_, option, value) == CURLE_OK;
  }

  HttpRequest request_;
  HttpCallback done_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* addresses_ = nullptr;
  Answer answer_;
  std::size_t header_bytes_ = 0;
  std::string broken_limit_;
  bool enough_ = false;  // was read
  char curl_words_[CURL_ERROR_SIZE] = "";
};

bool CurlHttp::Transfer::prepare(const std::string& user_agent) {
  // .netrc, cookies, compression: nothing that the
  // configuration has not asked for.
  return easy_ && set(CURLOPT_URL, request_.url.c_str()) && set_proxy() &&
         set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) && set(CURLOPT_NOSIGNAL, 1L) &&
         set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS)) &&
         set(CURLOPT_PIPEWAIT, 1L) && set(CURLOPT_USERAGENT, user_agent.c_str()) &&
         set(CURLOPT_ERRORBUFFER, curl_words_) && set(CURLOPT_WRITEFUNCTION, &on_body) &&
         set(CURLOPT_WRITEDATA, this) && set(CURLOPT_HEADERFUNCTION, &on_header) &&
         set(CURLOPT_HEADERDATA, this) && set_limits() && set_trust() && set_method() &&
         set_headers() && set_addresses() && set_peek();
}

// Never what libcurl finds in the environment itself.
bool CurlHttp::Transfer::set_proxy() {
  const long resolve = request_.ip_version == IpVersion::ipv4   ? CURL_IPRESOLVE_V4
                       : request_.ip_version == IpVersion::ipv6 ? CURL_IPRESOLVE_V6
                                                                : CURL_IPRESOLVE_WHATEVER;
  const Proxy* proxy = request_.proxy.get();
  if (!set(CURLOPT_IPRESOLVE, resolve) || !set(CURLOPT_NOPROXY, "") ||
      !set(CURLOPT_PROXY, proxy ? proxy->url.c_str() : ""))
    return false;
  if (!proxy) return true;
  if (!set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)) return false;
  if (proxy->user.empty()) return true;
  Secret password(proxy->password.size() + 1);  // with its final NUL
  const auto bytes = proxy->password.span();
  std::copy(bytes.begin(), bytes.end(), password.data());
  return set(CURLOPT_PROXYUSERNAME, proxy->user.c_str()) &&
         set(CURLOPT_PROXYPASSWORD, password.view().data());
}

// Where it is the proxy that hinders; else nothing.
std::string CurlHttp::Transfer::proxy_words(CURLcode code) const {
  if (!request_.proxy) return {};
  const std::string proxy = "the proxy " + request_.proxy->url;
  const std::string correct = " (" + request_.proxy->where + ")";
  long status = 0;
  long system_error = 0;
  curl_off_t through_after = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &status);
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
  curl_easy_getinfo(easy_, CURLINFO_APPCONNECT_TIME_T, &through_after);
  if (status == 407 || status == 401)  // tinyproxy's word for a wrong password
    return proxy + " wants another user or password (" + std::to_string(status) +
           "): correct them" + correct;
  if (status >= 300)
    return proxy + " does not connect to " + host_of(request_.url) + ": it answered with status " +
           std::to_string(status) + (status == 403 ? ": have it allow that host" : "") + correct;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the name of " + proxy + " cannot be resolved: correct it" + correct;
    case CURLE_COULDNT_CONNECT:
      return "connection to " + proxy + ": " +
             (system_error != 0 ? std::strerror(static_cast<int>(system_error)) : "none") +
             ": is it running, and is this its port?" + correct;
    case CURLE_OPERATION_TIMEDOUT:
      if (through_after != 0) return {};
      return "connection to " + host_of(request_.url) + " through " + proxy + " timed out" +
             correct;
    case CURLE_PROXY:
      return proxy + ": " + printable(curl_words_) + correct;
    default:
      return {};
  }
}

bool CurlHttp::Transfer::set_peek() {
  if (!request_.peek) return true;
  const std::string& address = request_.peek->address;
  const bool v6 = address.find(':') != std::string::npos;
  // Any host and any port of the URL: to this address, at the same port.
  addresses_ =
      curl_slist_append(nullptr, ("::" + (v6 ? "[" + address + "]" : address) + ":").c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  const bool protocols = set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  const bool protocols =
      set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  return protocols && addresses_ && set(CURLOPT_CONNECT_TO, addresses_) &&
         set(CURLOPT_FRESH_CONNECT, 1L) && set(CURLOPT_FORBID_REUSE, 1L) &&
         set(CURLOPT_PIPEWAIT, 0L) && set(CURLOPT_SSL_VERIFYPEER, 0L) &&
         set(CURLOPT_SSL_VERIFYHOST, 0L) && set(CURLOPT_CONNECTTIMEOUT, kPeekConnectSeconds) &&
         set(CURLOPT_TIMEOUT, kPeekSeconds);
}

// False: that is enough.
bool CurlHttp::Transfer::take_peek(const char* data, std::size_t size) {
  const std::size_t room = request_.peek->most - answer_.body.size();
  answer_.body.append(data, std::min(room, size));
  enough_ = size > room;
  return !enough_;
}

// "host:port:address,address", as libcurl wants it.
bool CurlHttp::Transfer::set_addresses() {
  constexpr std::size_t kScheme = sizeof("https://") - 1;
  const std::optional<std::string> origin = https_origin(request_.url);
  if (request_.addresses.empty() || !origin) return true;
  std::string entry = origin->substr(kScheme);
  if (entry.find(':') == std::string::npos) entry += ":443";
  addresses_ = curl_slist_append(nullptr, (entry + ":" + join(request_.addresses, ",")).c_str());
  return addresses_ && set(CURLOPT_RESOLVE, addresses_);
}

bool CurlHttp::Transfer::set_limits() {
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name server that does not answer must not hold up the loop when the
  // transfer is given up: its thread is left to end by itself.
  set(CURLOPT_QUICK_EXIT, 1L);
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
  bool protocols = set(CURLOPT_PROTOCOLS_STR, request_.plain_http ? "https,http" : "https") &&
                   set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
  const long plain = request_.plain_http ? CURLPROTO_HTTP : 0;
  bool protocols = set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS) | plain) &&
                   set(CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS));
#endif
  return protocols && set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds) &&
         set(CURLOPT_TIMEOUT, kWholeSeconds) && set(CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond) &&
         set(CURLOPT_LOW_SPEED_TIME, kSlowSeconds) &&
         set(CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L) &&
         set(CURLOPT_MAXREDIRS, kRedirects);
}

bool CurlHttp::Transfer::set_trust() {
  if (!request_.trust) return true;
  if (!request_.trust->verify)
    return set(CURLOPT_SSL_VERIFYPEER, 0L) && set(CURLOPT_SSL_VERIFYHOST, 0L);
  const std::string& pem = request_.trust->ca_certificates;
  if (pem.empty()) return true;
  // The system's own CAs stay trusted through libcurl's default CA path.
  curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
  return set(CURLOPT_CAINFO_BLOB, &blob);
}

bool CurlHttp::Transfer::set_method() {
  using Method = HttpRequest::Method;
  if (request_.method == Method::head) return set(CURLOPT_NOBODY, 1L);
  if (request_.method == Method::get) return set(CURLOPT_HTTPGET, 1L);
  const char* other = request_.method == Method::put     ? "PUT"
                      : request_.method == Method::patch ? "PATCH"
                      : request_.method == Method::del   ? "DELETE"
                                                         : nullptr;
  if (other && !set(CURLOPT_CUSTOMREQUEST, other)) return false;
  if (request_.method == Method::del && request_.body.empty()) return true;
  return add_header((std::string("Content-Type: ") + request_.content_type).c_str()) &&
         add_header("Expect:") && set(CURLOPT_POST, 1L) &&
         set(CURLOPT_POSTFIELDS, request_.body.data()) &&
         set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
}

// A line end in one would begin another.
bool CurlHttp::Transfer::set_headers() {
  for (const Secret& header : request_.headers) {
    const auto bytes = header.span();
    if (std::any_of(bytes.begin(), bytes.end(), [](auto byte) { return byte < 0x20; })) {
      broken_limit_ = "cannot be asked for: a header (a token?) has a control character";
      return false;
    }
    Secret line(header.size() + 1);  // with its final NUL
    std::copy(bytes.begin(), bytes.end(), line.data());
    if (!add_header(line.view().data())) return false;
  }
  return !headers_ || set(CURLOPT_HTTPHEADER, headers_);
}

bool CurlHttp::Transfer::add_header(const char* line) {
  curl_slist* longer = curl_slist_append(headers_, line);
  if (longer) headers_ = longer;
  return longer != nullptr;
}

std::size_t CurlHttp::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                        void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->request_.peek) return transfer->take_peek(data, size * count) ? size * count : 0;
  const std::size_t most = transfer->request_.most_body_bytes;
  if (transfer->answer_.body.size() + size * count > most) {
    transfer->broken_limit_ = most < 1024 * 1024
                                  ? "is larger than " + std::to_string(most / 1024) + " KiB"
                                  : "is larger than " + std::to_string(most / 1024 / 1024) + " MiB";
    return 0;
  }
  transfer->answer_.body.append(data, size * count);
  return size * count;
}

std::size_t CurlHttp::Transfer::on_header(char* data, std::size_t size, std::size_t count,
                                          void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->header_bytes_ += size * count;
  if (transfer->header_bytes_ > kHeaderLimit) {
    transfer->broken_limit_ = "has more than 64 KiB of headers";
    return 0;
  }
  std::string_view line(data, size * count);
  std::vector<protocol::Header>& headers = transfer->answer_.headers;
  if (line.starts_with("HTTP/")) {
    headers.clear();  // those before were of a redirect or of "100 Continue"
  } else if (std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    headers.push_back(
        {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  return size * count;
}

HttpResult CurlHttp::Transfer::result(CURLcode code) {
  if (code != CURLE_OK && !enough_) return error(code);
  long status = 0;
  char* url = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_, CURLINFO_EFFECTIVE_URL, &url);
  answer_.status = static_cast<int>(status);
  answer_.url = url ? url : request_.url;
  return std::move(answer_);
}

HttpError CurlHttp::Transfer::error(CURLcode code) const {
  curl_off_t sent_after = 0;
  curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
  bool pointless = !broken_limit_.empty() || code == CURLE_TOO_MANY_REDIRECTS ||
                   code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
  long system_error = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
  const bool no_route =
      system_error == ENETUNREACH || system_error == EAFNOSUPPORT || system_error == EADDRNOTAVAIL;
  return {error_words(code), sent_after > 0, !pointless, sent_after == 0 && no_route};
}

std::string CurlHttp::Transfer::error_words(CURLcode code) const {
  const std::string host = host_of(request_.url);
  if (!broken_limit_.empty()) return "the answer of " + host + " " + broken_limit_;
  if (std::string words = proxy_words(code); !words.empty()) return words;
  long system_error = 0;
  curl_off_t connected_after = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
  curl_easy_getinfo(easy_, CURLINFO_APPCONNECT_TIME_T, &connected_after);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name " + host + " cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      if (system_error == ECONNREFUSED) return "connection to " + host + " refused";
      if (system_error != 0)
        return "connection to " + host + ": " + std::strerror(static_cast<int>(system_error));
      return "no connection to " + host;
    case CURLE_OPERATION_TIMEDOUT:
      if (connected_after == 0) return "connection to " + host + " timed out";
      return "no complete answer from " + host + " in time";
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return host + " closed the connection before its answer was complete";
    case CURLE_TOO_MANY_REDIRECTS:
      return host + " redirects without end";
    case CURLE_UNSUPPORTED_PROTOCOL:
      return host + " leads to something else than https";
    default:
      break;
  }
  std::string words = curl_words_[0] != '\0' ? curl_words_ : curl_easy_strerror(code);
  return host + ": " + printable(words);
}

CurlHttp::CurlHttp() : library_(std::make_unique<Library>()) {
  if (library_->ok()) multi_ = curl_multi_init();
}

Result<std::unique_ptr<CurlHttp>> CurlHttp::create() {
  std::unique_ptr<CurlHttp> http(new CurlHttp);
  if (!http->multi_) return fail(Errc::no_memory, "libcurl cannot be initialised");
  return http;
}

CurlHttp::~CurlHttp() {
  for (auto& [easy, transfer] : running_) curl_multi_remove_handle(multi_, easy);
  running_.clear();
  if (multi_) curl_multi_cleanup(multi_);
}

void CurlHttp::send(HttpRequest request, HttpCallback done) {
  auto transfer = std::make_unique<Transfer>(std::move(request), std::move(done));
  if (!transfer->prepare(user_agent_) ||
      curl_multi_add_handle(multi_, transfer->easy()) != CURLM_OK) {
    refused_.push_back(std::move(transfer));
    return;
  }
  void* key = transfer->easy();
  running_.emplace(key, std::move(transfer));
}

bool CurlHttp::deliver() {
  // Callbacks send new requests: take everything out before the first is called.
  std::vector<std::pair<std::unique_ptr<Transfer>, CURLcode>> done;
  for (auto& transfer : std::exchange(refused_, {}))
    done.emplace_back(std::move(transfer), CURLE_OUT_OF_MEMORY);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    CURLcode code = message->data.result;  // removing the handle frees the message
    curl_multi_remove_handle(multi_, easy);
    auto found = running_.find(easy);
    if (found == running_.end()) continue;
    done.emplace_back(std::move(found->second), code);
    running_.erase(found);
  }
  for (auto& [transfer, code] : done) transfer->finish(code);
  return !done.empty();
}

Outcome CurlHttp::turn(std::vector<pollfd>& others, Millis timeout) {
  int running = 0;
  CURLMcode code = curl_multi_perform(multi_, &running);
  if (code == CURLM_OK && deliver()) return {};
  std::vector<curl_waitfd> extra;
  for (const pollfd& other : others) {
    const int in = other.events & POLLIN ? CURL_WAIT_POLLIN : 0;
    const int out = other.events & POLLOUT ? CURL_WAIT_POLLOUT : 0;
    extra.push_back({other.fd, static_cast<short>(in | out), 0});
  }
  if (code == CURLM_OK)
    code = curl_multi_poll(multi_, extra.data(), static_cast<unsigned>(extra.size()),
                           static_cast<int>(timeout), nullptr);
  if (code != CURLM_OK)
    return fail(Errc::internal, std::string("libcurl: ") + curl_multi_strerror(code));
  // libcurl wakes up for an error on one of them, and does not tell of which.
  ::poll(others.data(), others.size(), 0);
  return {};
}

}  // namespace acme::agent
