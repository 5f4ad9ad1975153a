// The small parts: timers, repeated trouble, retries.
#include "agent/repeat.h"
#include "agent/retry.h"
#include "agent/timer.h"
#include "unit/agent/world.h"

using namespace acme;
using namespace acme::test;
using agent::Repeat;
using agent::Retry;
using agent::Timers;

TEST(timers_run_in_the_order_of_their_time) {
  FakeEnv env;
  Timers timers(env);
  std::string ran;
  timers.after(20, [&] { ran += "c"; });
  timers.after(10, [&] { ran += "a"; });
  timers.after(10, [&] { ran += "b"; });
  CHECK_EQ(timers.next_in().value_or(-1), 10);
  timers.run_due();
  CHECK_EQ(ran, "");
  env.boot += 15;
  timers.run_due();
  CHECK_EQ(ran, "ab");
  CHECK_EQ(timers.next_in().value_or(-1), 5);
  env.boot += 100;
  CHECK_EQ(timers.next_in().value_or(-1), 0);
  timers.run_due();
  CHECK_EQ(ran, "abc");
  CHECK(!timers.next_in());
}

TEST(a_cancelled_timer_does_not_run_even_if_it_is_due) {
  FakeEnv env;
  Timers timers(env);
  std::string ran;
  Timers::Id second = 0;
  timers.after(0, [&] {
    ran += "a";
    timers.cancel(second);
  });
  second = timers.after(0, [&] { ran += "b"; });
  timers.run_due();
  CHECK_EQ(ran, "a");
  timers.cancel(second);
}

TEST(a_timer_that_arms_itself_again_does_not_keep_the_loop) {
  FakeEnv env;
  Timers timers(env);
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    timers.after(0, again);
  };
  timers.after(0, again);
  timers.run_due();
  CHECK_EQ(runs, 1);
  timers.run_due();
  CHECK_EQ(runs, 2);
}

TEST(the_same_trouble_is_told_once_then_daily_with_a_count) {
  Repeat repeat;
  WallTime now = kStart;
  CHECK_EQ(repeat.tell("a", "order 17 failed at 10:15", now).value_or("-"), "");
  CHECK(!repeat.tell("a", "order 18 failed at 10:25", now + 600));
  CHECK_EQ(repeat.tell("b", "order 18 failed at 10:25", now + 600).value_or("-"), "");
  CHECK_EQ(repeat.tell("a", "another trouble", now + 700).value_or("-"), "");
  CHECK(!repeat.tell("a", "another trouble", now + 800));
  CHECK(!repeat.tell("a", "another trouble", now + kDay));
  CHECK_EQ(repeat.tell("a", "another trouble", now + 700 + kDay).value_or("-"),
           " (4 times since " + format_rfc3339(now + 700) + ")");
  repeat.forget("a");
  CHECK_EQ(repeat.tell("a", "another trouble", now + 900 + kDay).value_or("-"), "");
}

TEST(trouble_is_told_again_when_the_clock_was_set_back) {
  Repeat repeat;
  CHECK(repeat.tell("a", "x", kStart));
  CHECK(repeat.tell("a", "x", kStart - 100 * kDay));
}

TEST(network_errors_are_retried_from_1_s_to_10_s_then_up_to_a_minute) {
  FakeEnv env;
  Retry retry(env);
  Millis last = 0;
  for (Millis most : {1000, 2000, 4000, 8000, 10'000, 10'000}) {
    last = retry.after_network();
    CHECK(last <= most);
    CHECK(last >= most * 8 / 10);
    env.boot += last;
  }
  env.boot += 600'000;
  CHECK(retry.after_network() > 40'000);
}

TEST(what_a_ca_answers_is_waited_for_within_bounds) {
  FakeEnv env;
  auto after = [&](const Answer& answer) { return Retry(env).after_answer(answer); };
  CHECK(!after(answer_of(200, "", "")));
  CHECK(!after(answer_of(403, "unauthorized", "")));
  CHECK(!after(answer_of(429, "rateLimited", "")));
  CHECK(!after(answer_of(429, "rateLimited", "", {{"Retry-After", "61"}})));
  CHECK(after(answer_of(429, "rateLimited", "", {{"Retry-After", "60"}})).value_or(0) >= 60'000);
  CHECK(after(answer_of(503, "", "", {{"Retry-After", "5"}})).value_or(0) >= 5000);
  CHECK(!after(answer_of(503, "", "", {{"Retry-After", "3600"}})));
  CHECK(after(answer_of(500, "serverInternal", "")).value_or(0) >= 800);
  CHECK(after(answer_of(502, "", "", {{"Retry-After", "50"}})).value_or(0) >= 50'000);
}

TEST(a_ca_that_says_later_again_and_again_is_believed_five_times) {
  FakeEnv env;
  Retry retry(env);
  Answer later = answer_of(503, "", "", {{"Retry-After", "5"}});
  for (int i = 0; i < 5; ++i) CHECK(retry.after_answer(later));
  CHECK(!retry.after_answer(later));
  Retry errors(env);
  Answer error = answer_of(502, "", "");
  for (int i = 0; i < 3; ++i) CHECK(errors.after_answer(error));
  CHECK(!errors.after_answer(error));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
