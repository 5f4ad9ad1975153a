// Dynamic update (RFC 2136) with TSIG: BIND, Knot, PowerDNS and others.
#include <optional>

#include "agent/dns/providers/parts.h"
#include "agent/dns/update.h"
#include "base/ip_address.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr std::int64_t kTtl = 60;
constexpr Millis kPauses[] = {1'000, 5'000};  // before each further try

class Rfc2136 final : public Provider {
 public:
  Rfc2136(const ProviderServices& services, const Settings& settings, std::string server,
          TsigKey key)
      : services_(services),
        server_(std::move(server)),
        key_(std::move(key)),
        ttl_(settings.number("ttl", kTtl)) {}

  void set(const TxtRecord& record, Done done) override {
    update(record, Change::add, std::move(done));
  }
  void remove(const TxtRecord& record, const std::string&, Done done) override {
    update(record, Change::remove, std::move(done));
  }

 private:
  using Found = std::function<void(Result<std::string>)>;  // "192.0.2.1:53"

  void update(const TxtRecord& record, Change change, Done done) {
    find_server([this, record, change, done = std::move(done)](Result<std::string> server) {
      if (!server) return done(std::move(server).error());
      attempt(record, change, *server, done, 0);
    });
  }

  void find_server(Found found) {
    const std::size_t colon = server_.rfind(':');
    const std::string host = server_.substr(0, colon);
    if (host.front() == '[' || is_ip(host))
      return call_later(services_.timers, lifetime_, std::move(found),
                        Result<std::string>(server_));
    look_up(host, server_.substr(colon), RecordType::a, std::move(found));
  }

  void look_up(const std::string& host, const std::string& port, RecordType type, Found found) {
    services_.resolver.find(
        host, type,
        lifetime_.guard([this, host, port, type, found = std::move(found)](Result<Answer> answer) {
          if (answer)
            for (const Record& record : answer->answers)
              if (record.type == type)
                return found(type == RecordType::a ? record.value + port
                                                   : "[" + record.value + "]" + port);
          if (type == RecordType::a) return look_up(host, port, RecordType::aaaa, found);
          found(fail(Errc::not_found,
                     "the name server " + printable(host) + " for updates cannot be found: " +
                         (!answer                   ? answer.error().message
                          : answer->failure.empty() ? "it has no address"
                                                    : printable(answer->failure))));
        }));
  }

  Result<SignedMessage> signed_update(const TxtRecord& record, Change change) const {
    std::uint8_t id[2] = {};
    ACME_CHECK(services_.env.random(id));
    ACME_TRY(std::string message,
             make_update(record, change, ttl_, static_cast<std::uint16_t>(id[0] << 8 | id[1])));
    return tsig_sign(std::move(message), key_, services_.env.now());
  }

  // Signed anew each time. An update that came twice changes nothing.
  void attempt(const TxtRecord& record, Change change, const std::string& server, const Done& done,
               std::size_t tries) {
    auto update = signed_update(record, change);
    if (!update) return done(std::move(update).error());
    services_.client.exchange(
        server, update->message, Client::Over::tcp,
        lifetime_.guard([this, record, change, server, done, tries,
                         update = *update](Result<std::string> answer) {
          if (!answer && tries < std::size(kPauses)) {
            services_.timers.after(kPauses[tries],
                                   lifetime_.guard([this, record, change, server, done, tries] {
                                     attempt(record, change, server, done, tries + 1);
                                   }));
            return;
          }
          if (!answer) return done(std::move(answer).error());
          if (Outcome read =
                  read_update_answer(*answer, update, key_, server, record, services_.env.now());
              !read)
            return done(std::move(read).error());
          done(std::string());
        }));
  }

  const ProviderServices services_;
  const std::string server_;  // host:port
  const TsigKey key_;
  const std::int64_t ttl_;
  Lifetime lifetime_;
};

}  // namespace

Made make_rfc2136(const ProviderServices& services, Settings settings) {
  ACME_TRY(std::string server, settings.required("server"));
  const Secret* text = settings.secret("key");
  if (!text) return fail(Errc::invalid_config, "the DNS provider rfc2136 has no key=");
  if (server.rfind(':') == std::string::npos || server.ends_with(']')) server += ":53";
  ACME_TRY(TsigKey key,
           read_tsig_key(text->view(), settings.text("key_name"), settings.text("algorithm")));
  return Made(std::make_unique<Rfc2136>(services, settings, std::move(server), std::move(key)));
}

}  // namespace acme::agent::dns
