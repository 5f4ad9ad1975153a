// Each call to the system fails in turn through a whole issuance and a whole
// renewal: never a lost or mismatched key, never a wedge, the old certificate
// serves on, and the log says what it was.
#include "fault/house.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr Millis kAtOnce = 30 * 1000;
constexpr Millis kTrouble = 10 * kMinute * 1000;  // how long a lasting fault lasts
constexpr Millis kPatience = 2 * kHour * 1000;    // and how long it takes to get over it

using Scenario = void (*)(House&);  // up to where the faults begin

void nothing_yet(House&) {}

void issued_and_due(House& house) {
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  house.run_for(kMinute * 1000);
  house.clock.boot += 61 * kDay * 1000;
}

void issued_yesterday(House& house) {
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  house.run_for(kMinute * 1000);
  house.clock.boot += kDay * 1000;
}

bool is_renewed(const House& house, const std::string& before) {
  const std::string serial = house.served().serial;
  return !serial.empty() && serial != before;
}

// One whole run with one fault, checked all along (House checks, too).
void live_through(House& house, Scenario scenario, Fault fault, int n) {
  scenario(house);
  const std::string before = house.served().serial;
  const std::size_t issued = house.model.issued();
  auto is_done = [&] { return is_renewed(house, before); };

  house.env.arm(fault, n);
  house.load();
  const bool at_once = house.run_until(is_done, kAtOnce);
  if (!at_once) house.run_for(kTrouble);
  // The old certificate serves on, now and after a restart, whatever fails.
  CHECK(before.empty() || !house.served().serial.empty());
  CHECK(before.empty() || !house.stored().serial.empty());
  if (!at_once) CHECK(house.tells_of_trouble());

  house.env.repair();
  CHECK(house.run_until(is_done, kPatience));
  house.run_for(kMinute * 1000);
  // What is served is what the next start serves; and nothing is ordered twice.
  CHECK_EQ(house.stored().serial, house.served().serial);
  house.load();
  house.run_for(kMinute * 1000);
  CHECK_EQ(house.stored().serial, house.served().serial);
  CHECK_EQ(house.model.issued() - issued, 1);
}

// Nothing is due, and nothing is ordered, whatever cannot be read for a while.
void restart_through(House& house, Scenario scenario, Fault fault, int n) {
  scenario(house);
  const std::string before = house.served().serial;
  const std::size_t issued = house.model.issued();
  house.env.arm(fault, n);
  house.load();
  house.run_for(kTrouble);
  house.env.repair();
  house.run_for(kPatience);
  CHECK_EQ(house.served().serial, before);
  CHECK_EQ(house.stored().serial, before);
  CHECK_EQ(house.model.issued(), issued);
}

// Without a fault; the calls that were made.
std::vector<std::string> calls_of(Scenario scenario, bool is_due) {
  House house;
  scenario(house);
  const std::string before = house.served().serial;
  house.env.arm(Fault::once, 0);
  house.load();
  if (is_due) CHECK(house.run_until([&] { return is_renewed(house, before); }, kAtOnce));
  house.run_for(kMinute * 1000);
  return house.env.names;
}

// Reading and changing differ: what fails for good at a read fails at the next change as well.
bool makes_sense(Fault fault, const std::string& call) {
  if (fault == Fault::short_write) return call.starts_with("write");
  return fault == Fault::once || !call.starts_with("open");
}

void fail_each_call(Scenario scenario, decltype(&live_through) live = live_through) {
  const std::vector<std::string> calls = calls_of(scenario, live == live_through);
  CHECK(calls.size() > 20);
  for (Fault fault : {Fault::once, Fault::lasting, Fault::short_write, Fault::crash}) {
    for (int n = 1; n <= static_cast<int>(calls.size()); ++n) {
      const std::string& call = calls[static_cast<std::size_t>(n) - 1];
      if (!makes_sense(fault, call)) continue;
      House house;
      try {
        live(house, scenario, fault, n);
      } catch (const Failure& failure) {
        throw Failure("fault " + show(fault) + " at call " + std::to_string(n) + ", " + call +
                      ": " + failure.what() + house.log_text());
      }
    }
  }
}

}  // namespace

TEST(a_whole_issuance) {
  fail_each_call(nothing_yet);
}

TEST(a_whole_renewal) {
  fail_each_call(issued_and_due);
}

TEST(a_restart_with_nothing_due) {
  fail_each_call(issued_yesterday, restart_through);
}

// A key that a child would make is made here where there can be no child.
TEST(no_process_for_a_slow_key) {
  House house(KeyType::rsa2048);
  house.env.no_forks = true;
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  CHECK_EQ(house.env.forks, 1);
  CHECK_EQ(house.model.issued(), 1);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
