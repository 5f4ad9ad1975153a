// What the agent may write into the server's log, and how a lasting fault is told.
#include "keeper/agent_log.h"

#include "keeper/complaint.h"
#include "unit/keeper/keeper_env.h"

using namespace acme;
using namespace acme::test;
using keeper::AgentLog;
using keeper::Complaint;

namespace {

struct Lines {
  KeeperEnv env;
  KeptLog log;
  AgentLog agent{env, log};
  const std::string& last() const { return log.lines.back().text; }
};

TEST(a_line_goes_through_unharmed) {
  Lines lines;
  lines.agent.notice("münchen.example: certificate obtained (order took 1.2 s)");
  CHECK_EQ(lines.last(), "münchen.example: certificate obtained (order took 1.2 s)");
  CHECK(lines.log.lines.back().level == Level::notice);
}

TEST(a_line_stays_one_line) {
  Lines lines;
  lines.agent.error("a\n2027/01/15 08:00:00 [emerg] 1#0: forged\r\x1b[2J\x01");
  CHECK_EQ(lines.last(), "a\\x0a2027/01/15 08:00:00 [emerg] 1#0: forged\\x0d\\x1b[2J\\x01");
}

TEST(a_line_longer_than_one_escape_is_kept_whole) {
  Lines lines;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "ä€𝄞";  // two, three and four bytes
  text.resize(2043);                            // in the middle of none
  lines.agent.error(text.substr(0, 2043));
  CHECK_EQ(lines.last(), text);
}

TEST(a_line_without_end_is_cut) {
  Lines lines;
  lines.agent.error(std::string(1 << 20, 'x'));
  CHECK_EQ(lines.last(), std::string(2048, 'x') + "...");
  lines.agent.error(std::string(1 << 20, '\n'));
  CHECK(lines.last().size() < 9000);
}

TEST(an_agent_that_never_stops_is_cut_off_and_the_loss_is_told) {
  Lines lines;
  for (int i = 0; i < 3'000; ++i) lines.agent.error(std::string(900, 'x'));
  std::size_t burst = lines.log.lines.size();
  CHECK(burst > 1000 && burst < 1100);
  lines.env.pass(10);  // 40 KiB more
  lines.agent.error("again");
  CHECK_EQ(lines.log.count("the agent said too much"), 1);
  CHECK_EQ(lines.last(), "again");
}

TEST(chatter_does_not_use_up_what_errors_need) {
  Lines lines;
  for (int i = 0; i < 100'000; ++i) lines.agent.debug(std::string(900, 'x'));
  CHECK(lines.log.lines.size() < 10'000);
  lines.agent.error("an error");
  CHECK_EQ(lines.last(), "an error");
}

TEST(the_allowance_is_never_more_than_its_burst) {
  Lines lines;
  lines.env.pass(365 * kDay);
  for (int i = 0; i < 10'000; ++i) lines.agent.error(std::string(900, 'x'));
  CHECK(lines.log.lines.size() < 1100);
}

// ---- complaints

TEST(a_lasting_fault_is_said_once_and_then_daily_with_a_count) {
  KeeperEnv env;
  KeptLog log;
  Complaint complaint(env, log);
  for (int i = 0; i < 5; ++i) complaint.say("the disk is full", " (try " + std::to_string(i) + ")");
  CHECK_EQ(log.lines.size(), 1);
  CHECK_EQ(log.lines[0].text, "helper: the disk is full (try 0)");
  env.pass(kDay);
  complaint.say("the disk is full");
  CHECK_EQ(log.lines.back().text, "helper: the disk is full (4 times more since)");
}

TEST(another_fault_and_one_that_was_over_are_said_at_once) {
  KeeperEnv env;
  KeptLog log;
  Complaint complaint(env, log);
  complaint.say("one");
  complaint.say("two");
  complaint.over();
  complaint.say("two");
  CHECK_EQ(log.lines.size(), 3);
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
