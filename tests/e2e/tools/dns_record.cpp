// A DNS provider of ours at work without a server or a CA around it:
//
//   dns_record <name servers, "192.0.2.1:53"> <provider> [key=value…]
//
// Each line of its input is "set NAME VALUE ZONE OWNER" or "remove NAME VALUE ZONE OWNER [ID]".
// Those that stand together are begun together; an empty line waits for them. For each there is
// a line "ok [ID]" or "error WORDS", in order; what goes to the log is on descriptor 2.
#include <poll.h>

#include <cstdio>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include "agent/dns/providers.h"
#include "agent/http_curl.h"
#include "base/text.h"
#include "config/dns_provider.h"
#include "keeper/dns_secrets.h"

namespace {

using namespace acme;
using namespace acme::agent;

struct StandardError final : Log {
  void write(Level, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

class Work {
 public:
  Work(std::unique_ptr<CurlHttp> http, std::vector<std::string> servers)
      : http_(std::move(http)), resolver_(client_, std::move(servers)) {}

  Outcome make(const std::vector<std::string>& words) {
    std::vector<std::string> warnings;
    ACME_TRY(const DnsProviderConfig config, parse_dns_provider(words, "/", warnings));
    ACME_TRY(auto settings, keeper::read_dns_settings(config));
    ACME_TRY(provider_,
             dns::make_provider({system_env(), timers_, watches_, *http_, client_, resolver_, log_},
                                config.provider, std::move(settings)));
    return {};
  }

  Outcome run() {
    for (std::string line; std::getline(std::cin, line);) {
      if (line.empty()) {
        ACME_CHECK(wait());
        continue;
      }
      const std::vector<std::string> words = split(line, ' ');
      if (words.size() < 5) return fail(Errc::invalid_argument, "no such order: " + line);
      const dns::TxtRecord record{words[1], words[2], words[3], words[4]};
      std::string& answer = answers_.emplace_back();
      ++under_way_;
      auto done = [this, &answer](Result<std::string> result) {
        answer = result ? "ok " + *result : "error " + result.error().message;
        --under_way_;
      };
      if (words[0] == "set")
        provider_->set(record, done);
      else
        provider_->remove(record, words.size() > 5 ? words[5] : "", done);
    }
    return wait();
  }

 private:
  Outcome wait() {
    while (under_way_ > 0) {
      timers_.run_due();
      std::vector<pollfd> polled = watches_.wanted();
      ACME_CHECK(http_->turn(polled, timers_.next_in().value_or(1000)));
      watches_.run_ready(polled);
    }
    for (const std::string& answer : answers_) std::puts(answer.c_str());
    std::fflush(stdout);
    answers_.clear();
    return {};
  }

  StandardError log_;
  Timers timers_{system_env()};
  Watches watches_;
  std::unique_ptr<CurlHttp> http_;
  dns::Client client_{timers_, watches_};
  dns::Resolver resolver_;
  std::unique_ptr<dns::Provider> provider_;
  std::deque<std::string> answers_;
  int under_way_ = 0;
};

Outcome run(int argc, char** argv) {
  if (argc < 3) return fail(Errc::invalid_argument, "dns_record <name servers> <provider> …");
  ACME_TRY(auto http, CurlHttp::create());
  Work work(std::move(http), split(argv[1], ','));
  ACME_CHECK(work.make({argv + 2, argv + argc}));
  return work.run();
}

}  // namespace

int main(int argc, char** argv) {
  Outcome done = run(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "dns_record: %s\n", done.error().message.c_str());
  return 1;
}
