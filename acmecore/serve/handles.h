// What the handles of the C ABI are.
#pragma once

#include <memory>

#include "acmecore/acmecore.h"
#include "config/builder.h"
#include "serve/callback_log.h"
#include "serve/helper.h"
#include "serve/placeholder_files.h"
#include "serve/serving.h"
#include "serve/supplied.h"

struct acme_config {
  acme_config(acme::ServerKind server, const char* root, acme::serve::CallbackLog callback)
      : log(callback), builder(server, root, log) {}
  acme::serve::CallbackLog log;
  acme::Builder builder;
  int log_fd = -1;
  acme::serve::PlaceholderFiles placeholders{acme::system_env(), log};
  acme::serve::SuppliedFiles supplied;
};

struct acme_serving {
  std::unique_ptr<acme::serve::Serving> serving;
};

struct acme_helper {
  std::unique_ptr<acme::serve::Helper> helper;
};
