// Providers that are programs: how they are called, and for what names they are not.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/dns/providers.h"
#include "base/text.h"
#include "unit/agent/dns_server.h"

using namespace acme;
using namespace acme::agent::dns;
using namespace acme::test;

namespace {

const TxtRecord kRecord{"_acme-challenge.www.example.com", "-the-value", "example.com",
                        "www.example.com", "token.thumbprint"};

struct Lines final : Log {
  void write(Level, std::string_view line) override { all.emplace_back(line); }
  std::vector<std::string> all;
};
struct NoHttp final : agent::Http {
  void send(agent::HttpRequest, agent::HttpCallback) override { throw Failure("a request"); }
};

// A program that says what it is given, and the provider that calls it.
struct Hook {
  Hook() {
    char name[] = "/tmp/acme-hook-XXXXXX";
    if (!mkdtemp(name)) throw Failure("no temporary folder");
    folder = name;
    script("for a; do printf '<%s>' \"$a\"; done; echo");
  }
  ~Hook() { std::filesystem::remove_all(folder); }
  void script(const std::string& text) const {
    std::ofstream(folder + "/hook") << "#!/bin/sh\n" << text << "\n";
    chmod((folder + "/hook").c_str(), 0755);
  }
  void make(const std::string& provider,
            std::vector<std::pair<std::string, std::string>> settings) {
    ProviderSettings secrets;
    settings.emplace_back("program", folder + "/hook");
    for (const auto& [key, value] : settings) secrets.emplace_back(key, Secret(value));
    made = REQUIRE_OK(make_provider({system_env(), timers, watches, http, client, resolver, log},
                                    provider, std::move(secrets)));
  }
  // The arguments as the program says them, without what stands before.
  std::string said(bool set, const TxtRecord& record = kRecord) {
    log.all.clear();
    REQUIRE_OK(result(set, record));
    const std::string line = log.all.at(0);
    return line.substr(line.find(": ") + 2);
  }
  Result<std::string> result(bool set, const TxtRecord& record = kRecord) {
    std::optional<Result<std::string>> got;
    auto done = [&](Result<std::string> result) { got = std::move(result); };
    set ? made->set(record, done) : made->remove(record, "", done);
    CHECK(!got);
    for (int i = 0; i < 1000 && !got; ++i) {
      timers.run_due();
      std::vector<pollfd> polled = watches.wanted();
      if (!got) poll(polled.data(), polled.size(), 20);
      watches.run_ready(polled);
    }
    CHECK(got.has_value());
    return *got;
  }

  std::string folder;
  agent::Timers timers{system_env()};
  agent::Watches watches;
  Client client{timers, watches};
  Resolver resolver{client, {}};
  NoHttp http;
  Lines log;
  std::unique_ptr<Provider> made;
};

}  // namespace

TEST(each_style_has_its_own_way_to_call) {
  Hook hook;
  hook.make("exec", {});
  CHECK_EQ(hook.said(true), "<present><_acme-challenge.www.example.com><-the-value>");
  CHECK_EQ(hook.said(false), "<cleanup><_acme-challenge.www.example.com><-the-value>");
  hook.make("exec", {{"style", "lego"}});
  CHECK_EQ(hook.said(true), "<present><_acme-challenge.www.example.com.><-the-value>");
  hook.make("exec", {{"style", "lego-raw"}});
  CHECK_EQ(hook.said(false), "<cleanup><--><www.example.com><token><token.thumbprint>");
  hook.make("exec", {{"style", "dehydrated"}});
  CHECK_EQ(hook.said(true), "<deploy_challenge><www.example.com><-the-value><-the-value>");
  CHECK_EQ(hook.said(false), "<clean_challenge><www.example.com><-the-value><-the-value>");
}

TEST(lexicon_gets_the_zone_and_no_secret_among_its_arguments) {
  Hook hook;
  hook.make("lexicon", {{"provider", "gandi"}, {"LEXICON_GANDI_TOKEN", "s3cret"}, {"ttl", "300"}});
  CHECK_EQ(hook.said(true),
           "<--delegated=example.com><gandi><--output=QUIET>"
           "<--name=_acme-challenge.www.example.com><--content=-the-value><--ttl=300>"
           "<create><example.com><TXT>");
  CHECK_CONTAINS(hook.said(false), "<delete><example.com><TXT>");
  hook.script("echo \"$LEXICON_GANDI_TOKEN $HOME $PATH\"; exit 1");
  const std::string why = REQUIRE_ERROR(hook.result(true), Errc::io);
  CHECK_CONTAINS(why, "lexicon gandi ended with status 1; its last words: *** /");
  CHECK_CONTAINS(why, ":/usr/bin:");
}

TEST(what_the_configuration_says_of_the_environment_counts) {
  Hook hook;
  hook.make("exec", {{"HOME", "/srv/dns"}, {"PATH", "/bin"}, {"REGION", "europe-1"}});
  hook.script("echo \"$HOME $PATH $REGION\"");
  CHECK_EQ(hook.said(true), "/srv/dns /bin ***");  // nobody knows which others are secrets
}

TEST(a_style_that_cannot_say_it_is_an_error) {
  Hook hook;
  hook.make("exec", {{"style", "dehydrated"}});
  TxtRecord alias = kRecord;
  alias.name = "www.validation.example.net";
  CHECK_CONTAINS(REQUIRE_ERROR(hook.result(true, alias), Errc::unsupported), "style=dehydrated");
  hook.make("exec", {{"style", "lego-raw"}});
  TxtRecord unknown = kRecord;
  unknown.key_authorization.clear();
  CHECK_CONTAINS(REQUIRE_ERROR(hook.result(false, unknown), Errc::unsupported), "lego-raw");
}

TEST(a_name_that_a_program_could_take_for_something_else_is_given_to_none) {
  Hook hook;
  hook.make("exec", {});
  for (const char* name :
       {"-rf.example.com", "$(id).example.com", "a b", "a;b", "a/b", "", "\xff"}) {
    TxtRecord record = kRecord;
    record.name = name;
    CHECK_CONTAINS(REQUIRE_ERROR(hook.result(true, record), Errc::refused), "given to no program");
  }
  CHECK(hook.log.all.empty());
}

TEST(one_program_runs_at_a_time_and_in_order) {
  Hook hook;
  hook.make("exec", {});
  hook.script("mkdir \"" + hook.folder + "/alone\" || exit 1; sleep 0.05; rmdir \"" + hook.folder +
              "/alone\"; echo \"$3\"");
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    TxtRecord record = kRecord;
    record.value = std::to_string(i);
    hook.made->set(record, [&](Result<std::string> result) {
      REQUIRE_OK(result);
      order.emplace_back("done");
    });
  }
  REQUIRE_OK(hook.result(false));
  CHECK_EQ(order.size(), 4);
  CHECK_EQ(hook.log.all.size(), 5);
  for (int i = 0; i < 4; ++i) CHECK(hook.log.all[i].ends_with(": " + std::to_string(i)));
}

TEST(one_that_fails_does_not_hold_up_the_next) {
  Hook hook;
  hook.make("exec", {});
  hook.script("[ \"$1\" = cleanup ] || { echo no; exit 3; }");
  std::optional<Result<std::string>> first;
  hook.made->set(kRecord, [&](Result<std::string> result) { first = std::move(result); });
  REQUIRE_OK(hook.result(false));
  CHECK_CONTAINS(REQUIRE_ERROR(first.value(), Errc::io), "ended with status 3; its last words: no");
}

TEST(a_provider_that_is_gone_calls_nobody) {
  Hook hook;
  hook.make("exec", {});
  hook.script("sleep 1000");
  for (int i = 0; i < 2; ++i)
    hook.made->set(kRecord, [](const Result<std::string>&) { throw Failure("called"); });
  hook.timers.run_due();
  hook.made.reset();
  CHECK(hook.watches.wanted().empty());
  CHECK(!hook.timers.next_in());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
