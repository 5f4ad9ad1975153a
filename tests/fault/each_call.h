// Lives a whole issuance, renewal or restart once for each call to the system,
// with that call refused: never a lost or mismatched key, never a wedge, the old
// certificate serves on, and the log says what it was.
#pragma once

#include <string>
#include <vector>

#include "fault/house.h"

namespace acme::test {

inline constexpr Millis kAtOnce = 30 * 1000;
inline constexpr Millis kTrouble = 10 * kMinute * 1000;  // how long a lasting fault lasts
inline constexpr Millis kPatience = 2 * kHour * 1000;    // and how long it takes to get over it

using Scenario = void (*)(House&);  // up to where the faults begin

inline void nothing_yet(House&) {}

inline void issued_and_due(House& house) {
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  house.run_for(kMinute * 1000);
  house.clock.boot += 61 * kDay * 1000;
}

inline void issued_yesterday(House& house) {
  house.load();
  CHECK(house.run_until([&] { return !house.served().serial.empty(); }, kTrouble));
  house.run_for(kMinute * 1000);
  house.clock.boot += kDay * 1000;
}

inline bool is_renewed(const House& house, const std::string& before) {
  const std::string serial = house.served().serial;
  return !serial.empty() && serial != before;
}

// One whole run with one fault, checked all along (House checks, too).
inline void live_through(House& house, Scenario scenario, Fault fault, int n) {
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
inline void restart_through(House& house, Scenario scenario, Fault fault, int n) {
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
inline std::vector<std::string> calls_of(Scenario scenario, bool is_due) {
  House house;
  scenario(house);
  const std::string before = house.served().serial;
  house.env.arm(Fault::once, 0);
  house.load();
  if (is_due) CHECK(house.run_until([&] { return is_renewed(house, before); }, kAtOnce));
  house.run_for(kMinute * 1000);
  return house.env.names;
}

// Where a fault does not differ from one at the next call.
inline bool makes_sense(Fault fault, const std::string& call) {
  if (fault == Fault::once) return true;
  if (fault == Fault::short_write) return call.starts_with("write");
  for (const char* change : {"create", "rename", "mkdir", "symlink"})
    if (call.starts_with(change)) return true;
  return fault == Fault::lasting ? call.starts_with("mmap") : call.starts_with("unlink");
}

inline void fail_each_call(Scenario scenario, decltype(&live_through) live = live_through) {
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

}  // namespace acme::test
