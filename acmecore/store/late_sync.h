// Changes that are seen at once and durable soon: their fsyncs are remembered
// and done together, so that many changes wait for the disk once.
#pragma once

#include <optional>
#include <vector>

#include "base/fd.h"
#include "base/forwarding_env.h"
#include "base/result.h"

namespace acme {

class LateSync final : public ForwardingEnv {
 public:
  using ForwardingEnv::ForwardingEnv;

  // While one is there, an fsync is put off.
  class Scope {
   public:
    explicit Scope(const LateSync& sync) : sync_(sync) { ++sync_.scopes_; }
    ~Scope() { --sync_.scopes_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const LateSync& sync_;
  };

  int fsync(int fd) const override;

  // Does what was put off. An error is that of the first file that the disk did not take.
  Outcome settle() const;
  // Since when anything has been put off, by boottime(); nothing: it is all durable.
  std::optional<Millis> since() const { return since_; }

 private:
  mutable int scopes_ = 0;
  mutable std::vector<UniqueFd> files_;
  mutable std::optional<Millis> since_;
};

}  // namespace acme
