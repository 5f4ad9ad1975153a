// What a listener on this machine shows: real TLS on loopback, servers of the test's own.
#include "agent/shown.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <thread>

#include "base/env.h"
#include "base/fd.h"
#include "crypto/digest.h"
#include "unit/crypto/certificates.h"

using namespace acme;
using namespace acme::test;
using agent::Looker;
using What = ipc::Shown::What;

namespace {

// One connection, served in a thread of its own.
class TlsServer {
 public:
  struct Habits {
    bool proxy_protocol = false;
    bool wants_certificate = false;
    int version = TLS1_3_VERSION;
  };

  explicit TlsServer(Habits habits, const std::string& path = {})
      : habits_(habits), socket_(open(path)) {
    CHECK_EQ(listen(socket_.get(), 4), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() { thread_.join(); }

  void wait() {
    while (!ended) usleep(1000);
  }

  std::string address;
  Party party = Party::self_signed({.subject = "shown", .names = "DNS:a.example,DNS:b.example"});
  // Of the client, when it is gone.
  std::atomic<bool> ended = false;
  std::string header;
  std::string name;
  bool left_politely = false;

 private:
  int open(const std::string& path) {
    if (!path.empty()) {
      sockaddr_un place{};
      place.sun_family = AF_UNIX;
      path.copy(place.sun_path, path.size());
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      CHECK_EQ(bind(fd, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
      address = "unix:" + path;
      return fd;
    }
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(fd, reinterpret_cast<sockaddr*>(&place), size), 0);
    CHECK_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size), 0);
    address = "127.0.0.1:" + std::to_string(ntohs(place.sin_port));
    return fd;
  }

  void serve() {
    UniqueFd peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (habits_.proxy_protocol) {
      header.resize(16);
      header.resize(static_cast<std::size_t>(
          std::max<ssize_t>(0, recv(peer.get(), header.data(), header.size(), MSG_WAITALL))));
    }
    ossl::Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), party.certificate());
    SSL_CTX_use_PrivateKey(context.get(), party.key().get());
    SSL_CTX_set_max_proto_version(context.get(), habits_.version);
    if (habits_.wants_certificate)
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    ossl::Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), peer.get());
    if (SSL_accept(ssl.get()) == 1) {
      const char* asked = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
      if (asked) name = asked;
      char byte = 0;
      const int got = SSL_read(ssl.get(), &byte, 1);
      left_politely = SSL_get_error(ssl.get(), got) == SSL_ERROR_ZERO_RETURN;
    }
    ERR_clear_error();
    ended = true;
  }

  Habits habits_;
  UniqueFd socket_;
  std::thread thread_;
};

// The agent's loop.
struct Loop {
  agent::Timers timers{system_env()};
  agent::Watches watches;
  Looker looker{timers, watches};

  ipc::LookDone look(std::vector<Listener> listeners, const std::string& name = "a.example",
                     ipc::KeyFamily family = ipc::KeyFamily::any) {
    std::optional<ipc::LookDone> found;
    looker.look({7, name, family, std::move(listeners)},
                [&](const ipc::LookDone& done) { found = done; });
    CHECK(!found);  // never before look() has returned
    while (!found) {
      timers.run_due();
      std::vector<pollfd> polled = watches.wanted();
      poll(polled.data(), polled.size(),
           static_cast<int>(std::min<Millis>(timers.next_in().value_or(100), 100)));
      watches.run_ready(polled);
    }
    CHECK_EQ(found->number, 7);
    return *found;
  }
};

std::string digest_of(const TlsServer& server) {
  return hex(sha256(server.party.der()));
}

}  // namespace

TEST(the_certificate_is_seen_and_the_client_leaves_politely) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server({.version = version});
    const ipc::Shown shown = Loop().look({{server.address}}).shown.at(0);
    server.wait();
    CHECK(shown.what == What::certificate);
    CHECK_EQ(shown.digest, digest_of(server));
    CHECK_CONTAINS(shown.words,
                   "for a.example, b.example by shown, serial 1234, valid until 2027-");
    CHECK_EQ(server.name, "a.example");
    CHECK(server.left_politely);
  }
}

TEST(an_address_is_asked_without_a_name) {
  TlsServer server({});
  CHECK(Loop().look({{server.address}}, "").shown.at(0).what == What::certificate);
  server.wait();
  CHECK_EQ(server.name, "");
}

TEST(who_wants_a_certificate_has_shown_its_own_before) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server({.wants_certificate = true, .version = version});
    CHECK_EQ(Loop().look({{server.address}}).shown.at(0).digest, digest_of(server));
    server.wait();
  }
}

TEST(the_proxy_protocol_is_spoken_where_it_is_expected) {
  TlsServer server({.proxy_protocol = true});
  CHECK_EQ(Loop().look({{server.address, true}}).shown.at(0).digest, digest_of(server));
  server.wait();
  CHECK_EQ(server.header, std::string_view("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16));
}

TEST(a_unix_socket_is_asked_as_well) {
  const std::string path = "/tmp/acme-shown-" + std::to_string(getpid());
  TlsServer server({}, path);
  CHECK_EQ(Loop().look({{server.address}}).shown.at(0).digest, digest_of(server));
  server.wait();
  unlink(path.c_str());
  CHECK(Loop().look({{server.address}}).shown.at(0).what == What::no_answer);
}

TEST(one_kind_of_key_can_be_asked_for) {
  for (ipc::KeyFamily family : {ipc::KeyFamily::ecdsa, ipc::KeyFamily::rsa})
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      TlsServer server({.version = version});  // it has an ECDSA key
      const ipc::Shown shown = Loop().look({{server.address}}, "a.example", family).shown.at(0);
      server.wait();
      CHECK(shown.what ==
            (family == ipc::KeyFamily::ecdsa ? What::certificate : What::no_handshake));
    }
}

TEST(what_is_not_there_is_said_of_each_listener_in_their_order) {
  TlsServer server({});
  ipc::LookDone found = Loop().look({{"127.0.0.1:1"}, {server.address}, {"192.0.2.1:443"}, {"x"}});
  server.wait();
  CHECK_EQ(found.shown.size(), 4);
  CHECK(found.shown[0].what == What::no_answer);
  CHECK_CONTAINS(found.shown[0].words, "refused");
  CHECK(found.shown[1].what == What::certificate);
  // Nothing leaves this machine.
  CHECK(found.shown[2].what == What::not_allowed);
  CHECK(found.shown[3].what == What::not_allowed);
}

TEST(what_speaks_no_tls_is_said_in_openssls_words) {
  TlsServer server({.proxy_protocol = true});  // takes the beginning of the hello for its header
  const ipc::Shown shown = Loop().look({{server.address}}).shown.at(0);
  server.wait();
  CHECK(shown.what == What::no_handshake);
  CHECK(!shown.words.empty());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
