// A name server on loopback, UDP and TCP, that answers from lines as they stand in a zone
// file; and the loop of what asks it.
#pragma once

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/dns/client.h"
#include "agent/timer.h"
#include "agent/watches.h"
#include "base/fd.h"
#include "unit/agent/world.h"
#include "unit/check.h"

namespace acme::test {

class DnsServer {
 public:
  // `host`: one of 127.0.0.0/8; `port` 0: any.
  explicit DnsServer(const std::string& host = "127.0.0.1", std::uint16_t port = 0) {
    for (int tries = 0; tries < 20; ++tries) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      CHECK_EQ(inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1);
      socklen_t size = sizeof address;
      auto* generic = reinterpret_cast<sockaddr*>(&address);
      udp_.reset(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      CHECK_EQ(bind(udp_.get(), generic, sizeof address), 0);
      CHECK_EQ(getsockname(udp_.get(), generic, &size), 0);
      tcp_.reset(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (bind(tcp_.get(), generic, sizeof address) != 0) continue;  // somebody has the port
      CHECK_EQ(listen(tcp_.get(), 16), 0);
      this->port = ntohs(address.sin_port);
      endpoint = host + ":" + std::to_string(this->port);
      return;
    }
    CHECK(!"a port that is free for UDP and TCP");
  }

  std::string endpoint;
  std::uint16_t port = 0;
  std::vector<std::string> lines;  // "_acme-challenge.example.com. 60 IN TXT \"abc\""
  bool authoritative = false;
  bool truncates = false;  // over UDP
  bool garbles = false;
  std::set<std::string> silent_for = {};  // "aaaa", "*"
  ldns_pkt_rcode rcode = LDNS_RCODE_NOERROR;
  std::vector<std::string> asked;  // "udp example.com. TXT"

  // Answers all that was asked; how many that was.
  int serve() {
    int count = 0;
    char buffer[4096];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t n;
    while ((n = recvfrom(udp_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from),
                         &size)) > 0) {
      ++count;
      const std::string bytes = reply({buffer, static_cast<std::size_t>(n)}, "udp ");
      if (!bytes.empty())
        sendto(udp_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
    for (int peer;
         (peer = accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;)
      connections_.emplace_back(peer);
    std::erase_if(connections_, [&](const UniqueFd& peer) -> bool {
      n = recv(peer.get(), buffer, sizeof buffer, 0);
      if (n <= 2) return n >= 0;  // else nothing has come yet
      ++count;
      const std::string bytes = reply({buffer + 2, static_cast<std::size_t>(n - 2)}, "tcp ");
      std::string framed{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())};
      framed += bytes;
      CHECK_EQ(send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL),
               static_cast<ssize_t>(framed.size()));
      return true;
    });
    return count;
  }

 private:
  static std::string text(char* owned) {
    std::string out = owned;
    LDNS_FREE(owned);
    return out;
  }

  std::string reply(const std::string& query, const std::string& over) {
    ldns_pkt* asks = nullptr;
    CHECK_EQ(
        ldns_wire2pkt(&asks, reinterpret_cast<const std::uint8_t*>(query.data()), query.size()),
        LDNS_STATUS_OK);
    const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(asks), 0);
    const ldns_rr_type type = ldns_rr_get_type(question);
    const std::string kind = text(ldns_rr_type2str(type));
    asked.push_back(over + text(ldns_rdf2str(ldns_rr_owner(question))) + " " + kind);
    std::string out;
    if (!silent_for.count("*") && !silent_for.count(kind)) out = answer(asks, question, over);
    ldns_pkt_free(asks);
    return out;
  }

  // Of this name and type; an alias with what it leads to; else nothing, or what stands under
  // ";authority" lines: the SOA that negative answers carry.
  std::string answer(const ldns_pkt* asks, const ldns_rr* question, const std::string& over) {
    if (garbles) return std::string(600, '\xFF');
    ldns_pkt* said = ldns_pkt_new();
    ldns_pkt_set_id(said, ldns_pkt_id(asks));
    ldns_pkt_set_qr(said, true);
    ldns_pkt_set_aa(said, authoritative);
    ldns_pkt_set_rcode(said, rcode);
    ldns_pkt_push_rr(said, LDNS_SECTION_QUESTION, ldns_rr_clone(question));
    if (truncates && over == "udp ") {
      ldns_pkt_set_tc(said, true);
    } else if (rcode == LDNS_RCODE_NOERROR) {
      add_answers(said, ldns_rr_owner(question), ldns_rr_get_type(question), 0);
    }
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    CHECK_EQ(ldns_pkt2wire(&wire, said, &size), LDNS_STATUS_OK);
    std::string out(reinterpret_cast<const char*>(wire), size);
    LDNS_FREE(wire);
    ldns_pkt_free(said);
    return out;
  }

  void add_answers(ldns_pkt* said, const ldns_rdf* owner, ldns_rr_type type, int depth) {
    for (const std::string& line : lines) {
      ldns_rr* record = nullptr;
      CHECK_EQ(ldns_rr_new_frm_str(&record, line.c_str(), 0, nullptr, nullptr), LDNS_STATUS_OK);
      const ldns_rr_type kind = ldns_rr_get_type(record);
      const bool alias = kind == LDNS_RR_TYPE_CNAME && type != LDNS_RR_TYPE_CNAME;
      if (ldns_dname_compare(ldns_rr_owner(record), owner) != 0 || (kind != type && !alias)) {
        ldns_rr_free(record);
        continue;
      }
      ldns_pkt_push_rr(said, LDNS_SECTION_ANSWER, record);
      if (alias && depth < 8) add_answers(said, ldns_rr_rdf(record, 0), type, depth + 1);
    }
  }

  UniqueFd udp_;
  UniqueFd tcp_;
  std::vector<UniqueFd> connections_;
};

// Time that stands still, but for pass().
struct DnsLoop {
  FakeEnv env;
  agent::Timers timers{env};
  agent::Watches watches;
  agent::dns::Client client{timers, watches};
  std::vector<DnsServer*> servers;

  // Until nobody asks anything any more.
  void run() {
    for (int quiet = 0; quiet < 10;) {
      timers.run_due();
      int stirred = 0;
      for (DnsServer* server : servers) stirred += server->serve();
      std::vector<pollfd> polled = watches.wanted();
      stirred += poll(polled.data(), polled.size(), stirred > 0 ? 1 : 0);
      watches.run_ready(polled);
      quiet = stirred > 0 ? 0 : quiet + 1;
    }
  }
  void pass(Millis time) {
    env.boot += time;
    run();
  }
};

}  // namespace acme::test
