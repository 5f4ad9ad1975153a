// The server's log, as the module gave it. A value: whoever logs has a copy.
#pragma once

#include <string>

#include "acmecore/acmecore.h"
#include "base/log.h"

namespace acme::serve {

class CallbackLog final : public Log {
 public:
  CallbackLog(acme_log_fn function, void* context) : function_(function), context_(context) {}
  void write(Level level, std::string_view line) override {
    if (function_) function_(context_, static_cast<int>(level), std::string(line).c_str());
  }

 private:
  acme_log_fn function_;
  void* context_;
};

}  // namespace acme::serve
