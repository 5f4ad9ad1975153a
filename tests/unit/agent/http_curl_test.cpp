// What libcurl meets on loopback without any CA: errors in words, limits of
// protocol, the loop. Answers over real TLS are the end-to-end tests' part.
#include "agent/http_curl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "unit/check.h"

using namespace acme;
using namespace acme::agent;

namespace {

// A TCP port of loopback: listening, or only reserved.
struct Port {
  explicit Port(bool listening) : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    if (listening) CHECK(listen(fd.get(), 8) == 0);
    number = ntohs(address.sin_port);
  }
  std::string url(const std::string& path = "/directory") const {
    return "https://127.0.0.1:" + std::to_string(number) + path;
  }
  UniqueFd fd;
  int number = 0;
};

Outcome turn(CurlHttp& http, int fd, Millis timeout) {
  std::vector<pollfd> polled{{fd, POLLIN, 0}};
  return http.turn(polled, timeout);
}

struct Loop {
  Loop() : http(REQUIRE_OK(CurlHttp::create())) { CHECK(pipe(ends) == 0); }
  ~Loop() {
    close(ends[0]);
    close(ends[1]);
  }

  void send(const std::string& url) {
    HttpRequest request;
    request.url = url;
    http->send(std::move(request), [this](HttpResult result) { got = std::move(result); });
  }
  HttpError error_of(const std::string& url) {
    send(url);
    CHECK(!got);  // never before send() has returned
    for (int i = 0; i < 100 && !got; ++i) REQUIRE_OK(turn(*http, ends[0], 100));
    CHECK(got && std::holds_alternative<HttpError>(*got));
    return std::get<HttpError>(*got);
  }

  std::unique_ptr<CurlHttp> http;
  std::optional<HttpResult> got;
  int ends[2];
};

// The port answers each request so; what it is sent is added to `asked`.
HttpResult exchange(const Port& port, const std::string& answer, HttpRequest request,
                    std::string& asked) {
  Loop loop;
  loop.http->send(std::move(request), [&loop](HttpResult got) { loop.got = std::move(got); });
  UniqueFd peer;
  for (int i = 0; i < 200 && !loop.got; ++i) {
    REQUIRE_OK(turn(*loop.http, port.fd.get(), 20));
    if (!peer) peer.reset(accept4(port.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    char buffer[4096];
    ssize_t n = peer ? read(peer.get(), buffer, sizeof buffer) : -1;
    if (n <= 0) continue;
    asked.append(buffer, static_cast<std::size_t>(n));
    if (asked.find("\r\n\r\n") == std::string::npos) continue;
    CHECK(write(peer.get(), answer.data(), answer.size()) > 0);
  }
  CHECK(loop.got.has_value());
  return std::move(*loop.got);
}

// What a server is sent, and what it answers with.
struct Exchange {
  explicit Exchange(const std::string& answer, HttpRequest request) {
    Port port(true);
    request.url = "http://127.0.0.1:" + std::to_string(port.number) + request.url;
    result = exchange(port, answer, std::move(request), asked);
  }
  const protocol::Answer& answer() const { return std::get<protocol::Answer>(result); }
  std::string asked;
  HttpResult result;
};

HttpRequest plain(HttpRequest::Method method, const std::string& body = {}) {
  HttpRequest request;
  request.method = method;
  request.url = "/a/b?c=d";
  request.body = body;
  request.content_type = "application/json";
  request.plain_http = true;
  return request;
}

std::string answer_of(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST(an_api_is_asked_with_its_methods_and_headers) {
  using Method = HttpRequest::Method;
  const std::pair<Method, const char*> methods[] = {{Method::get, "GET"},
                                                    {Method::post, "POST"},
                                                    {Method::put, "PUT"},
                                                    {Method::patch, "PATCH"},
                                                    {Method::del, "DELETE"}};
  for (const auto& [method, name] : methods) {
    HttpRequest request = plain(method, method == Method::get ? "" : "{\"a\":1}");
    request.headers.emplace_back(std::string_view("Authorization: Bearer s3cret"));
    request.headers.emplace_back(std::string_view("X-Other: 1"));
    Exchange exchange(answer_of("fine"), std::move(request));
    CHECK(exchange.asked.starts_with(std::string(name) + " /a/b?c=d HTTP/1.1\r\n"));
    CHECK_CONTAINS(exchange.asked, "\r\nAuthorization: Bearer s3cret\r\n");
    CHECK_CONTAINS(exchange.asked, "\r\nX-Other: 1\r\n");
    CHECK(exchange.asked.find("Expect") == std::string::npos);
    CHECK_EQ(exchange.asked.ends_with("\r\n\r\n{\"a\":1}"), method != Method::get);
    CHECK_EQ(exchange.answer().status, 200);
    CHECK_EQ(exchange.answer().body, "fine");
  }
}

TEST(a_delete_has_no_body_unless_there_is_one) {
  Exchange exchange(answer_of(""), plain(HttpRequest::Method::del));
  CHECK(exchange.asked.starts_with("DELETE "));
  CHECK(exchange.asked.find("Content-") == std::string::npos);
}

TEST(a_header_cannot_bring_another) {
  HttpRequest request = plain(HttpRequest::Method::get);
  request.url = "http://127.0.0.1:1/";
  request.headers.emplace_back(std::string_view("Authorization: Bearer s3cret\r\nX: y"));
  Loop loop;
  loop.http->send(std::move(request), [&](HttpResult got) { loop.got = std::move(got); });
  for (int i = 0; i < 10 && !loop.got; ++i) REQUIRE_OK(turn(*loop.http, loop.ends[0], 10));
  HttpError error = std::get<HttpError>(loop.got.value());
  CHECK_CONTAINS(error.words, "control character");
  CHECK(error.words.find("s3cret") == std::string::npos);
  CHECK(!error.worth_a_retry);
}

// A proxy that answers a CONNECT so, and what the operator is told.
HttpError refused_by_proxy(const std::string& answer, std::string& asked) {
  Port port(true);
  auto proxy = std::make_shared<Proxy>();
  proxy->url = "http://127.0.0.1:" + std::to_string(port.number);
  proxy->user = "somebody";
  proxy->password = Secret(std::string_view("s3cret"));
  proxy->where = "acme_proxy";
  HttpRequest request;
  request.url = "https://ca.example/dir";
  request.proxy = proxy;
  return std::get<HttpError>(exchange(port, answer, std::move(request), asked));
}

TEST(a_proxy_that_refuses_is_named_with_what_to_correct) {
  std::string asked;
  HttpError error = refused_by_proxy(
      "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", asked);
  CHECK(asked.starts_with("CONNECT ca.example:443 "));
  CHECK_CONTAINS(asked, "Proxy-Authorization: Basic c29tZWJvZHk6czNjcmV0");
  CHECK_CONTAINS(error.words, "wants another user or password (407): correct them (acme_proxy)");
  CHECK(error.words.find("s3cret") == std::string::npos);
  CHECK(error.worth_a_retry && !error.reached);
  asked.clear();
  error = refused_by_proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", asked);
  CHECK_CONTAINS(error.words, "does not connect to ca.example: it answered with status 502");
}

TEST(a_proxy_that_is_not_there_is_named) {
  auto proxy = std::make_shared<Proxy>();
  proxy->url = "http://127.0.0.1:" + std::to_string(Port(false).number);
  proxy->where = "acme_proxy";
  HttpRequest request;
  request.url = "https://ca.example/dir";
  request.proxy = proxy;
  Loop loop;
  loop.http->send(std::move(request), [&loop](HttpResult got) { loop.got = std::move(got); });
  for (int i = 0; i < 100 && !loop.got; ++i) REQUIRE_OK(turn(*loop.http, loop.ends[0], 100));
  CHECK(loop.got.has_value());
  CHECK_CONTAINS(std::get<HttpError>(*loop.got).words,
                 "connection to the proxy " + proxy->url + ": Connection refused");
}

TEST(an_answer_that_is_too_large_is_cut_short) {
  HttpRequest request = plain(HttpRequest::Method::get);
  request.most_body_bytes = 2048;
  Exchange exchange(answer_of(std::string(3000, 'x')), std::move(request));
  HttpError error = std::get<HttpError>(exchange.result);
  CHECK_CONTAINS(error.words, "is larger than 2 KiB");
  CHECK(!error.worth_a_retry);
}

TEST(plain_http_leads_nowhere_else) {
  HttpRequest request = plain(HttpRequest::Method::get);
  request.follow_redirects = true;
  Exchange exchange(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
      "Content-Length: 0\r\n\r\n",
      std::move(request));
  CHECK_CONTAINS(std::get<HttpError>(exchange.result).words, "something else than https");
}

TEST(a_closed_port_is_told_in_words) {
  Port port(false);
  HttpError error = Loop().error_of(port.url());
  CHECK_EQ(error.words, "connection to 127.0.0.1:" + std::to_string(port.number) + " refused");
  CHECK(!error.reached);
  CHECK(error.worth_a_retry);
}

TEST(a_name_that_does_not_exist_is_told_in_words) {
  HttpError error = Loop().error_of("https://ca.invalid/directory");
  CHECK_EQ(error.words, "the name ca.invalid cannot be resolved");
  CHECK(!error.reached);
}

TEST(a_server_that_speaks_no_tls_was_not_reached) {
  Port port(true);
  Loop loop;
  loop.send(port.url());
  std::optional<UniqueFd> peer;
  for (int i = 0; i < 100 && !loop.got; ++i) {
    REQUIRE_OK(turn(*loop.http, port.fd.get(), 50));
    if (peer) continue;
    peer.emplace(accept4(port.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const char text[] = "220 mail.example.org ESMTP\r\n";
    CHECK(write(peer->get(), text, sizeof text) > 0);
  }
  CHECK(loop.got.has_value());
  HttpError error = std::get<HttpError>(*loop.got);
  CHECK_CONTAINS(error.words, "127.0.0.1:" + std::to_string(port.number));
  CHECK(!error.reached);
}

TEST(nothing_but_https_is_spoken) {
  for (const char* url : {"http://127.0.0.1:1/", "file:///etc/hostname", "ftp://127.0.0.1/", ""}) {
    HttpError error = Loop().error_of(url);
    CHECK(!error.worth_a_retry);
  }
}

// A look at a server by a name that no resolver has to know.
TEST(a_peek_goes_to_its_address_and_reads_a_little) {
  Port port(true);
  Loop loop;
  HttpRequest request;
  request.url = "http://name.invalid:" + std::to_string(port.number) + "/path";
  request.peek = Peek{"127.0.0.1", 10};
  loop.http->send(std::move(request), [&](HttpResult result) { loop.got = std::move(result); });
  std::optional<UniqueFd> peer;
  std::string heard;
  bool answered = false;
  for (int i = 0; i < 200 && !loop.got; ++i) {
    REQUIRE_OK(turn(*loop.http, port.fd.get(), 20));
    if (!peer) {
      int fd = accept4(port.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) peer.emplace(fd);
      continue;
    }
    char buffer[2000];
    ssize_t n = read(peer->get(), buffer, sizeof buffer);
    if (n > 0) heard.append(buffer, static_cast<std::size_t>(n));
    if (answered || heard.find("\r\n\r\n") == std::string::npos) continue;
    answered = true;
    const std::string text =
        "HTTP/1.1 301 Moved\r\nLocation: http://other.invalid/\r\nContent-Length: 100000\r\n\r\n" +
        std::string(1000, 'x');
    CHECK(write(peer->get(), text.data(), text.size()) > 0);
  }
  CHECK_CONTAINS(heard, "GET /path HTTP/1.1\r\nHost: name.invalid:" + std::to_string(port.number));
  CHECK(loop.got.has_value());
  auto answer = std::get<protocol::Answer>(*loop.got);
  CHECK_EQ(answer.status, 301);
  CHECK_EQ(answer.body, std::string(10, 'x'));
  CHECK_EQ(*answer.header("location"), "http://other.invalid/");
}

TEST(a_peek_at_a_closed_port_is_told_in_words) {
  Port port(false);
  Loop loop;
  HttpRequest request;
  request.url = "http://name.invalid:" + std::to_string(port.number) + "/";
  request.peek = Peek{"127.0.0.1"};
  loop.http->send(std::move(request), [&](HttpResult result) { loop.got = std::move(result); });
  for (int i = 0; i < 100 && !loop.got; ++i) REQUIRE_OK(turn(*loop.http, port.fd.get(), 100));
  CHECK(loop.got.has_value());
  HttpError error = std::get<HttpError>(*loop.got);
  CHECK_CONTAINS(error.words, "refused");
  CHECK(!error.reached && !error.no_route);
}

TEST(what_is_in_flight_at_the_end_calls_nobody_back) {
  Port port(true);
  bool called = false;
  {
    Loop loop;
    HttpRequest request;
    request.url = port.url();
    loop.http->send(std::move(request), [&](const HttpResult&) { called = true; });
    REQUIRE_OK(turn(*loop.http, loop.ends[0], 10));
  }
  CHECK(!called);
}

TEST(the_loop_wakes_up_for_the_keeper) {
  Loop loop;
  CHECK(write(loop.ends[1], "x", 1) == 1);
  REQUIRE_OK(turn(*loop.http, loop.ends[0], 30'000));  // or the test takes half a minute
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
