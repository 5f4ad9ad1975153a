#include "config/source.h"

#include <sys/stat.h>

#include <algorithm>

#include "config/builder.h"

namespace acme {

DomainFileState state_of_domain_file(const std::string& path) {
  DomainFileState state;
  state.path = path;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return state;
  state.device = status.st_dev;
  state.inode = status.st_ino;
  state.size = status.st_size;
  state.changed = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
  return state;
}

const Secret& ConfigSteps::bytes() {
  Secret more = unread_.finish();
  Secret all(bytes_.size() + more.size());
  std::copy_n(bytes_.data(), bytes_.size(), all.data());
  std::copy_n(more.data(), more.size(), all.data() + bytes_.size());
  bytes_ = std::move(all);
  return bytes_;
}

namespace {

Outcome say(const ConfigStep& step, Builder& builder) {
  Place place{step.file, step.line};
  switch (step.kind) {
    case ConfigStep::Kind::site_scope:
      builder.add_site_scope();
      return {};
    case ConfigStep::Kind::issuer_scope: {
      auto scope = builder.add_issuer_scope(step.word, std::move(place));
      return scope ? Outcome() : Outcome(std::move(scope).error());
    }
    case ConfigStep::Kind::directive:
      return builder.set(step.scope, step.word, step.values, std::move(place));
    case ConfigStep::Kind::listener:
      return builder.add_listener(step.scope, step.word, step.line);
    case ConfigStep::Kind::site: {
      auto site = builder.add_site(
          {step.scope, step.values, step.tls, step.own_certificate, std::move(place)});
      return site ? Outcome() : Outcome(std::move(site).error());
    }
  }
  return fail(Errc::protocol, "there is no such step of a configuration");
}

}  // namespace

Outcome replay(std::string_view steps, Builder& builder) {
  ArchiveReader reader(steps);
  while (!reader.at_end()) {
    ConfigStep step{ConfigStep::Kind::directive, 0, {}, {}};
    reader(step);
    if (!reader.ok()) return fail(Errc::protocol, "the steps of a configuration break off");
    auto said = say(step, builder);
    if (!said)
      return fail(said.error().code,
                  said.error().message + ", in " + to_string(Place{step.file, step.line}));
  }
  return {};
}

}  // namespace acme
