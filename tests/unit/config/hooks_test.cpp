// The directives notify, deploy and export: what they say, and what is wrong with them.
#include "config/hooks.h"

#include <grp.h>
#include <unistd.h>

#include "unit/config/site_config.h"

using namespace acme;
using namespace acme::test;

namespace {

std::string own_group() {
  const group* found = getgrgid(getgid());
  CHECK(found != nullptr);
  return found->gr_name;
}

TEST(who_is_told_is_a_program_or_a_url) {
  SiteConfig config;
  config.main("notify", {"/usr/local/bin/tell", "a b", "-x"});
  config.main("notify", {"events=failed,action_required", "hooks/tell"});
  config.main("notify", {"https://hooks.example/T0/secret?x=1", "events=issued"});
  const auto& notify = config.resolved().hooks.notify;
  CHECK_EQ(notify.size(), 3);
  CHECK((notify[0].command == Words{"/usr/local/bin/tell", "a b", "-x"}));
  CHECK_EQ(notify[0].events, kAllEvents);
  CHECK((notify[1].command == Words{"/etc/server/hooks/tell"}));
  CHECK_EQ(notify[1].events, bit_of(Event::failed) | bit_of(Event::action_required));
  CHECK_EQ(notify[2].url, "https://hooks.example/T0/secret?x=1");
  CHECK_EQ(notify[2].events, bit_of(Event::issued));
  CHECK_EQ(notify[2].label(), "https://hooks.example");  // what follows may be a secret
  CHECK(notify[0].id != notify[1].id);
}

TEST(what_is_wrong_with_them_is_told_with_what_to_write) {
  SiteConfig config;
  CHECK_CONTAINS(config.wrong("notify", {"events=failed"}), "nobody to tell");
  CHECK_CONTAINS(config.wrong("notify", {"/x", "events=fialed"}), "\"fialed\" is no event");
  CHECK_CONTAINS(config.wrong("notify", {"/x", "events="}), "events= is empty");
  CHECK_CONTAINS(config.wrong("notify", {"/x", "events=failed", "events=failed"}), "twice");
  CHECK_CONTAINS(config.wrong("notify", {"http://hooks.example/"}), "not an https URL");
  CHECK_CONTAINS(config.wrong("notify", {"https://hooks.example/", "more"}), "no arguments");
  config.main("notify", {"/x"});
  CHECK_CONTAINS(config.wrong("notify", {"/x"}), "twice");
  CHECK_CONTAINS(config.wrong("deploy", {"for=mail.example"}), "there is no program");
  CHECK_CONTAINS(config.wrong("deploy", {"/x", "for=a,,b"}), "empty name");
  CHECK_CONTAINS(config.wrong("export", {"group=" + own_group(), "for=a"}), "no dir=");
  CHECK_CONTAINS(config.wrong("export", {"dir=/x", "for=a"}), "no group=");
  CHECK_CONTAINS(config.wrong("export", {"dir=/x", "grup=a"}), "\"grup=a\" is not known");
  CHECK_CONTAINS(config.wrong("export", {"dir=/x", "group=no-such-group"}),
                 "there is no group \"no-such-group\": make it (groupadd");
  config.main("export", {"dir=/x", "group=" + own_group()});
  CHECK_CONTAINS(config.wrong("export", {"dir=/x/", "group=" + own_group()}), "two exports");
}

TEST(deploy_and_export_name_certificates) {
  SiteConfig config;
  config.main("deploy", {"/usr/sbin/postfix", "reload", "for=Mail.example,imap.example"});
  config.main("export", {"group=" + own_group(), "dir=tls"});
  const HooksConfig& hooks = config.resolved().hooks;
  CHECK((hooks.deploy[0].command == Words{"/usr/sbin/postfix", "reload"}));
  CHECK((hooks.deploy[0].only == Words{"mail.example", "imap.example"}));
  CHECK_EQ(hooks.exports[0].dir, "/etc/server/tls");
  CHECK_EQ(hooks.exports[0].gid, getgid());
}

TEST(the_agent_gets_whom_to_tell_and_no_more_and_the_store_no_url) {
  SiteConfig config;
  config.main("notify", {"https://hooks.example/secret"});
  config.main("deploy", {"/x"});
  config.main("export", {"group=" + own_group(), "dir=/y"});
  const Secret bytes = encode_config(config.resolved());
  const Config again = REQUIRE_OK(decode_config(bytes.view()));
  CHECK_EQ(again.hooks.deploy.size(), 1);
  CHECK_EQ(again.hooks.exports[0].dir, "/y");
  const Config agents = reduced_for_agent(again);
  CHECK_EQ(agents.hooks.notify.size(), 1);
  CHECK(agents.hooks.deploy.empty() && agents.hooks.exports.empty());
  CHECK(without_secrets(again).hooks.notify.empty());
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
