// What exec, lexicon and acme.sh have in common: a program that is called for each record, one
// at a time.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "agent/dns/providers/parts.h"
#include "agent/program_run.h"

namespace acme::agent::dns {

class ProgramProvider : public Provider {
 public:
  void set(const TxtRecord& record, Done done) final { call(true, record, std::move(done)); }
  void remove(const TxtRecord& record, const std::string&, Done done) final {
    call(false, record, std::move(done));
  }

 protected:
  ProgramProvider(const ProviderServices& services, Settings settings);

  // How it is called; an error where it cannot be.
  virtual Result<Program> program(bool set, const TxtRecord& record) const = 0;
  const Settings& settings() const { return settings_; }

 private:
  struct Call {
    Program program;
    Done done;
  };
  void call(bool set, const TxtRecord& record, Done done);
  void next();

  const ProviderServices services_;
  const Settings settings_;
  std::deque<Call> waiting_;
  ProgramRun run_;
  Lifetime lifetime_;
};

}  // namespace acme::agent::dns
