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

}  // namespace

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
