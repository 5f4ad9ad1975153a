#include "agent/http_curl.h"

#include <curl/curl.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/url.h"

namespace acme::agent {
namespace {

using protocol::Answer;

constexpr std::size_t kBodyLimit = 1024 * 1024;  // also of directories and orders
constexpr std::size_t kHeaderLimit = 64 * 1024;  // all header lines of one exchange
constexpr long kConnectSeconds = 10;
constexpr long kWholeSeconds = 60;
// A CA may take long before the first byte of an answer, but not for ever.
constexpr long kSlowBytesPerSecond = 10;
constexpr long kSlowSeconds = 45;
constexpr long kRedirects = 3;

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
  bool set_addresses();
  HttpResult result(CURLcode code);
  HttpError error(CURLcode code) const;
  std::string error_words(CURLcode code) const;
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
  const char* broken_limit_ = nullptr;
  char curl_words_[CURL_ERROR_SIZE] = "";
};

bool CurlHttp::Transfer::prepare(const std::string& user_agent) {
  // The environment's proxies, .netrc, cookies, compression: nothing that the
  // configuration has not asked for.
  return easy_ && set(CURLOPT_URL, request_.url.c_str()) && set(CURLOPT_PROXY, "") &&
         set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) && set(CURLOPT_NOSIGNAL, 1L) &&
         set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS)) &&
         set(CURLOPT_PIPEWAIT, 1L) && set(CURLOPT_USERAGENT, user_agent.c_str()) &&
         set(CURLOPT_ERRORBUFFER, curl_words_) && set(CURLOPT_WRITEFUNCTION, &on_body) &&
         set(CURLOPT_WRITEDATA, this) && set(CURLOPT_HEADERFUNCTION, &on_header) &&
         set(CURLOPT_HEADERDATA, this) && set_limits() && set_trust() && set_method() &&
         set_addresses();
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
  bool https_only =
      set(CURLOPT_PROTOCOLS_STR, "https") && set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
  bool https_only = set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS)) &&
                    set(CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS));
#endif
  return https_only && set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds) &&
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
  if (request_.method == HttpRequest::Method::head) return set(CURLOPT_NOBODY, 1L);
  if (request_.method == HttpRequest::Method::get) return set(CURLOPT_HTTPGET, 1L);
  std::string type = std::string("Content-Type: ") + request_.content_type;
  headers_ = curl_slist_append(nullptr, type.c_str());
  if (!headers_ || !curl_slist_append(headers_, "Expect:")) return false;
  return set(CURLOPT_HTTPHEADER, headers_) && set(CURLOPT_POST, 1L) &&
         set(CURLOPT_POSTFIELDS, request_.body.data()) &&
         set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
}

std::size_t CurlHttp::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                        void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  if (transfer->answer_.body.size() + size * count > kBodyLimit) {
    transfer->broken_limit_ = "is larger than 1 MiB";
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
  if (code != CURLE_OK) return error(code);
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
  bool pointless = broken_limit_ || code == CURLE_TOO_MANY_REDIRECTS ||
                   code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
  return {error_words(code), sent_after > 0, !pointless};
}

std::string CurlHttp::Transfer::error_words(CURLcode code) const {
  const std::string host = host_of(request_.url);
  if (broken_limit_) return "the answer of " + host + " " + broken_limit_;
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
