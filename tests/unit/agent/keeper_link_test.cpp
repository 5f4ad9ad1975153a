// Questions to the keeper and its replies.
#include "agent/keeper_link.h"

#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using agent::KeeperLink;

namespace {

struct Pair {
  Pair() : Pair(socket_pair()) {}
  KeeperLink link;
  Channel keeper;

  std::vector<Frame> received() { return REQUIRE_OK(keeper.receive()); }
  void reply(std::uint32_t id, const std::string& text) {
    REQUIRE_OK(keeper.send(static_cast<std::uint16_t>(ipc::Type::reply), id,
                           encode(ipc::Reply{true, 0, text})));
  }

 private:
  explicit Pair(Ends ends) : link(std::move(ends.agent)), keeper(std::move(ends.keeper)) {}
};

}  // namespace

TEST(replies_find_who_asked_in_any_order) {
  Pair pair;
  std::vector<std::string> got;
  for (const char* name : {"a", "b", "c"})
    pair.link.ask(ipc::AccountLost{name}, [&got, name](const ipc::Reply& reply) {
      got.push_back(name + (":" + reply.text));
    });
  std::vector<Frame> frames = pair.received();
  CHECK_EQ(frames.size(), 3);
  pair.reply(frames[2].id, "third");
  pair.reply(frames[0].id, "first");
  pair.reply(frames[1].id, "second");
  REQUIRE_OK(pair.link.pump());
  std::vector<std::string> expected{"c:third", "a:first", "b:second"};
  CHECK_EQ(got, expected);
}

TEST(a_reply_that_nobody_waits_for_is_ignored) {
  Pair pair;
  int calls = 0;
  pair.link.ask(ipc::AccountLost{"a"}, [&](const ipc::Reply&) { ++calls; });
  std::uint32_t id = pair.received().at(0).id;
  pair.reply(id, "");
  pair.reply(id, "again");
  pair.reply(id + 7, "");
  REQUIRE_OK(pair.link.pump());
  CHECK_EQ(calls, 1);
}

TEST(a_callback_may_ask_again) {
  Pair pair;
  bool answered = false;
  pair.link.ask(ipc::AccountLost{"a"}, [&](const ipc::Reply&) {
    pair.link.ask(ipc::AccountLost{"b"}, [&](const ipc::Reply&) { answered = true; });
  });
  pair.reply(pair.received().at(0).id, "");
  REQUIRE_OK(pair.link.pump());
  pair.reply(pair.received().at(0).id, "");
  REQUIRE_OK(pair.link.pump());
  CHECK(answered);
}

TEST(log_lines_are_told_without_a_number) {
  Pair pair;
  agent::KeeperLog log(pair.link);
  log.warning("look");
  Frame frame = std::move(pair.received().at(0));
  CHECK_EQ(frame.id, 0);
  CHECK_EQ(frame.type, static_cast<int>(ipc::Type::log_line));
  auto line = REQUIRE_OK(decode<ipc::LogLine>(frame.payload.view()));
  CHECK_EQ(line.level, 4);
  CHECK_EQ(line.line, "look");
}

TEST(welcome_and_renew_reach_their_handlers) {
  Pair pair;
  std::string seen;
  pair.link.on_welcome = [&](const ipc::Welcome& welcome) { seen += welcome.config; };
  pair.link.on_renew = [&](const ipc::RenewNow& renew) { seen += to_string(renew.lineage); };
  ipc::Welcome welcome;
  welcome.config = "config;";
  REQUIRE_OK(pair.keeper.send(static_cast<std::uint16_t>(ipc::Type::welcome), 0, encode(welcome)));
  ipc::RenewNow renew{{"a.example", KeyType::rsa2048}};
  REQUIRE_OK(pair.keeper.send(static_cast<std::uint16_t>(ipc::Type::renew_now), 0, encode(renew)));
  REQUIRE_OK(pair.link.pump());
  CHECK_EQ(seen, "config;a.example/rsa-2048");
}

TEST(messages_of_an_unknown_type_or_broken_ones_are_errors) {
  Pair unknown;
  REQUIRE_OK(unknown.keeper.send(4711, 0, Secret()));
  CHECK_CONTAINS(REQUIRE_ERROR(unknown.link.pump(), Errc::protocol), "unknown type");
  Pair truncated;
  REQUIRE_OK(truncated.keeper.send(static_cast<std::uint16_t>(ipc::Type::renew_now), 0,
                                   Secret(std::string_view("\x01"))));
  REQUIRE_ERROR(truncated.link.pump(), Errc::protocol);
}

TEST(the_end_of_the_keeper_is_noticed) {
  Pair pair;
  pair.keeper = Channel(UniqueFd());
  REQUIRE_ERROR(pair.link.pump(), Errc::not_found);
}

TEST(an_end_that_was_met_while_writing_is_told_too) {
  Pair pair;
  pair.keeper = Channel(UniqueFd());
  pair.link.tell(ipc::LogLine{3, "nobody reads this"});
  pair.link.tell(ipc::LogLine{3, "nor this"});
  REQUIRE_ERROR(pair.link.pump(), Errc::not_found);
}

TEST(more_than_the_socket_holds_is_written_bit_by_bit) {
  Pair pair;
  const std::string long_line(4 * 1024 * 1024, 'x');
  pair.link.tell(ipc::LogLine{3, long_line});
  CHECK(pair.link.wants_write());
  std::vector<Frame> frames;
  while (frames.empty()) {
    REQUIRE_OK(pair.link.pump());
    frames = pair.received();
  }
  CHECK(!pair.link.wants_write());
  CHECK_EQ(REQUIRE_OK(decode<ipc::LogLine>(frames[0].payload.view())).line.size(),
           long_line.size());
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
