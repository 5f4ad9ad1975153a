// Any agent against the keeper's table: it may ask for whatever it likes, in any
// order. The keeper survives, and signs nothing for anybody else's server nor
// anything that would end the account.
//
// The input is a list of requests: right ones with words of the fuzzer's or of
// an honest agent's, and frames of raw bytes.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/archive.h"
#include "base/forwarding_env.h"
#include "base/json.h"
#include "base/url.h"
#include "crypto/digest.h"
#include "keeper/agent_log.h"
#include "keeper/dispatch.h"

namespace {

using namespace acme;
using namespace acme::keeper;

const std::string kCa = "https://ca.example";

// The real system, but that nothing is waited for and the clock stands still.
class QuickEnv final : public ForwardingEnv {
 public:
  WallTime now() const override { return 1'800'000'000; }
  Millis boottime() const override { return 1'000'000; }
  int fsync(int) const override { return 0; }
  Result<pid_t> spawn(const Spawn&) const override { return fail(Errc::io, "no"); }
};
const QuickEnv kEnv;

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

template <class T>
T required(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

Config make_config(const std::string& state_path) {
  Config config;
  config.state_path = state_path;
  IssuerConfig issuer;
  issuer.id = "ca";
  issuer.directory_url = kCa + "/dir";
  issuer.challenges = {ChallengeType::http01, ChallengeType::tlsalpn01};
  config.issuers = {issuer};
  config.certificates = {{"a", {"a.example", "b.example"}, {"ca"}, {KeyType::ecdsa256}, {}, 0},
                         {"w", {"*.w.example"}, {"ca"}, {KeyType::ecdsa384}, {}, 1}};
  return config;
}

struct Folder {
  Folder() {
    char made[] = "/tmp/acme-fuzz-XXXXXX";
    if (!mkdtemp(made)) std::abort();
    path = made;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// One keeper for each input, with the store and the board as new.
class Keeper {
 public:
  Keeper()
      : store_(required(Store::open(kEnv, config().state_path, Store::Mode::read_write, log_))),
        board_(required(create_board(kEnv, {.slots = 2, .tokens = 8, .heap_bytes = 65536}))),
        writer_(required(BoardWriter::attach(kEnv, board_.get()))),
        agent_log_(kEnv, log_),
        accounts_(kEnv, log_, config(), store_),
        certificates_(kEnv, log_, config(), store_, accounts_, &writer_),
        errands_(kEnv, log_, config(), store_, accounts_, certificates_),
        checks_(kEnv, certificates_, &writer_),
        notices_(kEnv, log_, config(), store_, certificates_),
        looks_(kEnv, log_, config(), certificates_),
        dispatch_(agent_log_, accounts_, certificates_, errands_, checks_, notices_, looks_,
                  [this](ipc::Type type, std::uint32_t, const Secret& payload) {
                    if (type != ipc::Type::reply) std::abort();
                    check(required(decode<ipc::Reply>(payload.view())));
                  }) {
    if (!store_.lock()) std::abort();
    certificates_.restore_challenges();
    certificates_.restore_certificates();
  }
  ~Keeper() {
    for (const char* part : {"journal", "certs", "issuers"})
      std::filesystem::remove_all(config().state_path + "/" + part);
  }

  bool handle(std::uint16_t type, Secret payload) {
    Frame frame{type, 1, std::move(payload)};
    return static_cast<bool>(dispatch_.handle(frame));
  }
  std::vector<std::string> origins = {kCa};  // that the agent has named

 private:
  static const Config& config() {
    static const Folder folder;
    static const Config config = make_config(folder.path + "/store");
    return config;
  }

  void check(const ipc::Reply& reply) {
    auto body = reply.ok ? Json::parse(reply.text) : Result<Json>(Json());
    if (!body || !(*body)["protected"].present()) return;
    auto header_bytes = required(base64url_decode((*body)["protected"].text_or("")));
    Json header =
        required(Json::parse({reinterpret_cast<char*>(header_bytes.data()), header_bytes.size()}));
    std::string url = header["url"].text_or("");
    std::string origin = https_origin(url).value_or("");
    if (std::find(origins.begin(), origins.end(), origin) == origins.end()) std::abort();
    auto payload = required(base64url_decode((*body)["payload"].text_or("")));
    std::string text(payload.begin(), payload.end());
    // Nobody has asked for any of these.
    if (text.find("\"oldKey\"") != std::string::npos ||
        text.find("\"certificate\"") != std::string::npos)
      std::abort();
    if (text.find("deactivated") != std::string::npos && url == accounts_.account_url("ca"))
      std::abort();
  }

  NoLog log_;
  Store store_;
  UniqueFd board_;
  BoardWriter writer_;
  AgentLog agent_log_;
  Accounts accounts_;
  Certificates certificates_;
  Errands errands_;
  Checks checks_;
  Notices notices_;
  Looks looks_;
  Dispatch dispatch_;
};

class Agent {
 public:
  explicit Agent(FuzzedDataProvider& data) : data_(data) {}

  // False: the keeper has ended it.
  bool speak(Keeper& keeper) {
    switch (data_.ConsumeIntegralInRange(0, 27)) {
      case 0:
        return send(keeper, ipc::SignNewAccount{issuer(), url(), nonce()});
      case 1:
        return send(keeper, ipc::AccountCreated{issuer(), url(), word()});
      case 2:
        return send(keeper, ipc::AccountLost{issuer()});
      case 3:
        return read_directory(keeper);
      case 4:
        return send(keeper, ipc::SignNewOrder{lineage(), issuer(), url(), nonce()});
      case 5:
        return send(keeper, ipc::OrderCreated{lineage(), issuer(), url(), url()});
      case 6:
        return send(keeper, ipc::SignFetch{issuer(), url(), nonce()});
      case 7:
        return present(keeper);
      case 8:
        return send(keeper, ipc::SignChallenge{lineage(), issuer(), url(), nonce()});
      case 9:
        return send(keeper, ipc::SignFinalize{lineage(), issuer(), url(), nonce()});
      case 10:
        return send(keeper, ipc::SignDeactivateAuthorization{lineage(), issuer(), url(), nonce()});
      case 11:
        return send(keeper, ipc::InstallChain{lineage(), issuer(), {word(), word()}});
      case 12:
        return send(keeper, ipc::GiveUpOrder{lineage()});
      case 13:
        return save_schedule(keeper);
      case 14:
        return send(keeper, ipc::LogLine{data_.ConsumeIntegral<std::int32_t>(), word()});
      case 15:
        return send(keeper, ipc::Progress{lineage(), word()});
      case 16:
        return send(keeper, ipc::SignAccountUpdate{number(), url(), nonce()});
      case 17:
        return send(keeper, ipc::SignAccountDeactivation{number(), url(), nonce()});
      case 18:
        return send(keeper, ipc::SignKeyChange{number(), url(), nonce()});
      case 19:
        return send(keeper, ipc::SignRevocation{number(), url(), nonce(), data_.ConsumeBool()});
      case 20:
        return send(keeper,
                    ipc::ErrandDone{number(), data_.ConsumeBool(), data_.ConsumeBool(), word()});
      case 21:
        return send(keeper, ipc::ReadDnsSettings{issuer(), number()});
      case 22:
        return send(keeper, ipc::PlanDnsRecords{{{lineage(), issuer(), word(), word(), word(),
                                                  word(), word(), word(), 0}}});
      case 23:
        return send(keeper, ipc::NoteDnsRecord{word(), word(), word()});
      case 24:
        return send(keeper, ipc::ForgetDnsRecord{word(), word()});
      case 25:
        return send(keeper,
                    ipc::LookDone{number(), {{ipc::Shown::What::certificate, word(), word()}}});
      default:
        return keeper.handle(data_.ConsumeIntegral<std::uint8_t>(), Secret(word()));
    }
  }

 private:
  template <class Request>
  bool send(Keeper& keeper, const Request& request) {
    return keeper.handle(static_cast<std::uint16_t>(Request::kType), encode(request));
  }

  bool read_directory(Keeper& keeper) {
    ipc::DirectoryRead request{issuer(), {url()}, word()};
    if (auto origin = https_origin(request.urls[0])) keeper.origins.push_back(*origin);
    return send(keeper, request);
  }
  bool present(Keeper& keeper) {
    ipc::PresentChallenges request{lineage(), issuer(), {}};
    for (int i = data_.ConsumeIntegralInRange(0, 3); i > 0; --i)
      request.challenges.push_back(
          {pick({"a.example", "b.example", "w.example"}),
           pick({"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDf"}),
           // Not tls-alpn-01, for which each keeper would make an RSA key.
           data_.ConsumeBool() ? ChallengeType::http01 : ChallengeType::dns01});
    return send(keeper, request);
  }
  bool save_schedule(Keeper& keeper) {
    ipc::SaveSchedule request{lineage(), {}};
    ScheduleRecord& schedule = request.schedule;
    for (WallTime* time : {&schedule.renew_at, &schedule.next_try, &schedule.last_try,
                           &schedule.retry_after, &schedule.last_error_at})
      *time = data_.ConsumeIntegral<WallTime>();
    schedule.last_error = word();
    schedule.failed_validations = {data_.ConsumeIntegral<WallTime>()};
    schedule.failed_challenges = {{word(), static_cast<ChallengeType>(data_.ConsumeBool()),
                                   data_.ConsumeIntegral<WallTime>()}};
    return send(keeper, request);
  }

  std::uint32_t number() { return data_.ConsumeIntegralInRange<std::uint32_t>(0, 3); }
  std::string word() { return data_.ConsumeRandomLengthString(300); }
  std::string pick(std::initializer_list<const char*> honest) {
    auto n = data_.ConsumeIntegralInRange<std::size_t>(0, honest.size());
    return n == honest.size() ? word() : std::string(honest.begin()[n]);
  }
  std::string issuer() { return pick({"ca", "ca", "ca"}); }
  std::string nonce() { return pick({"bm9uY2U", "bm9uY2U", "bm9uY2U"}); }
  std::string url() {
    std::string path = pick({"https://ca.example/acct/1", "https://ca.example/order/1",
                             "https://ca.example/x", "https://ca.example/"});
    return data_.ConsumeBool() ? path : path + word();
  }
  Lineage lineage() {
    Lineage lineage{pick({"a", "a", "w"}), KeyType::ecdsa256};
    if (data_.ConsumeIntegralInRange(0, 3) == 0)
      lineage.key = static_cast<KeyType>(data_.ConsumeIntegral<std::uint8_t>());
    return lineage;
  }

  FuzzedDataProvider& data_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  Keeper keeper;
  Agent agent(data);
  for (int i = 0; i < 50 && data.remaining_bytes() > 0; ++i)
    if (!agent.speak(keeper)) break;
  return 0;
}
