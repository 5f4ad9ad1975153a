#include "serve/fallbacks.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "crypto/cert.h"

namespace acme::serve {

Fallbacks::Fallbacks(const Store& store, WallTime now) {
  for (const Lineage& lineage : store.lineages()) {
    auto version = store.load_current(lineage);
    if (!version || version->meta.not_after <= now) continue;
    for (const std::string& name : version->meta.names) by_name_.emplace(name, candidates_.size());
    candidates_.push_back({lineage, std::move(version->meta.names), version->meta.not_after});
  }
}

const Lineage* Fallbacks::best_for(const std::vector<std::string>& names) const {
  std::set<std::size_t> touching;
  for (const std::string& name : names) {
    std::size_t dot = name.find('.');
    std::string wildcard = dot == std::string::npos ? std::string() : "*" + name.substr(dot);
    for (const std::string& key : {name, wildcard})
      for (auto [at, end] = by_name_.equal_range(key); at != end; ++at) touching.insert(at->second);
  }
  auto merit = [&](const Candidate& candidate) {
    auto covered = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
      return names_cover(candidate.names, name);
    });
    return std::tuple(covered, candidate.not_after);
  };
  const Candidate* best = nullptr;
  for (std::size_t index : touching)
    if (!best || merit(*best) < merit(candidates_[index])) best = &candidates_[index];
  return best ? &best->lineage : nullptr;
}

}  // namespace acme::serve
