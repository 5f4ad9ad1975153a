#include "keeper/additions.h"

#include <algorithm>
#include <unordered_map>

#include "base/archive.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "config/names.h"

namespace acme::keeper {
namespace {

// Where it can be seen is no business of the agent's, nor of an order's.
bool are_equal(CertificateConfig one, CertificateConfig other) {
  one.looks.clear();
  other.looks.clear();
  return encode(one).view() == encode(other).view();
}

// "a.example.com, b.example.com and 3 more"
std::string some_of(const std::vector<std::string>& ids) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> first(ids.begin(), ids.begin() + std::min(ids.size(), kMost));
  std::string text = join(first, ", ");
  if (ids.size() > kMost) text += " and " + std::to_string(ids.size() - kMost) + " more";
  return text;
}

}  // namespace

Additions::Additions(Log& log, Config& config, BoardWriter* board)
    : log_(log),
      config_(config),
      board_(board),
      next_slot_(config.slots()),
      end_of_slots_(board ? board->slots() : config.slots() + room_for_more(config)) {
  if (config.source.files.empty()) return;
  for (const CertificateConfig& certificate : config.certificates) {
    originals_.emplace(certificate.id, certificate);
    slots_[certificate.id] = {certificate.first_slot,
                              static_cast<std::uint32_t>(certificate.keys.size())};
  }
  if (!board) return;
  // A keeper before us has added some: the workers have their slots.
  for (const AddedName& name : board->names()) {
    slots_[name.certificate] = {name.first_slot, name.slots};
    next_slot_ = std::max(next_slot_, name.first_slot + name.slots);
    resumes_ = true;
  }
}

void Additions::resume(std::vector<CertificateConfig> list, std::string sites) {
  std::erase_if(list, [this](CertificateConfig& certificate) { return !place(certificate); });
  config_.certificates = std::move(list);
  config_.layout.sites = std::move(sites);
}

// Another number of keys needs other slots: they lie side by side.
bool Additions::place(CertificateConfig& certificate) {
  const auto count = static_cast<std::uint32_t>(certificate.keys.size());
  auto known = slots_.find(certificate.id);
  if (known == slots_.end() || known->second.count != count) {
    if (count > end_of_slots_ - std::min(next_slot_, end_of_slots_)) return false;
    known = slots_.insert_or_assign(certificate.id, Slots{next_slot_, count}).first;
    next_slot_ += count;
  }
  certificate.first_slot = known->second.first;
  return true;
}

Change Additions::compare(const DomainFiles::Reading& reading) {
  std::map<std::string_view, const CertificateConfig*> old;
  for (const CertificateConfig& certificate : config_.certificates)
    old.emplace(certificate.id, &certificate);
  Change change;
  for (CertificateConfig certificate : reading.resolution.config.certificates) {
    auto known = old.find(certificate.id);
    const CertificateConfig* before = known == old.end() ? nullptr : known->second;
    if (before) old.erase(known);
    // A site that had nothing of ours does not show it before the reload.
    std::erase_if(certificate.looks, [this](const LookConfig& look) {
      return look.site >= config_.source.sites.size() || config_.source.sites[look.site] != '1';
    });
    if (!place(certificate)) {
      change.waiting.push_back(certificate.id);
      if (before) change.certificates.push_back(*before);
      continue;
    }
    if (!before)
      change.added.push_back(certificate.id);
    else if (!are_equal(*before, certificate))
      change.changed.push_back(certificate.id);
    change.certificates.push_back(std::move(certificate));
  }
  for (const auto& [id, certificate] : old) {
    if (reading.complete)
      change.gone.emplace_back(id);
    else
      change.certificates.push_back(*certificate);
  }
  return change;
}

void Additions::apply(const DomainFiles::Reading& reading, Change change) {
  tell(reading, change);
  config_.certificates = std::move(change.certificates);
  config_.layout.sites = reading.resolution.config.layout.sites;
  if (board_) show_names(reading);
}

bool Additions::is_original(const CertificateConfig& certificate) const {
  auto found = originals_.find(certificate.id);
  return found != originals_.end() && found->second.names == certificate.names &&
         found->second.first_slot == certificate.first_slot &&
         found->second.keys.size() == certificate.keys.size();
}

// What workers cannot know from the configuration: names of certificates that are new or have
// changed, and names that have another certificate than they had.
void Additions::show_names(const DomainFiles::Reading& reading) {
  std::unordered_map<std::string_view, const CertificateConfig*> now;
  for (const CertificateConfig& certificate : config_.certificates)
    now.emplace(certificate.id, &certificate);
  std::set<std::string> moved;
  for (const AddedName& name : board_->names()) moved.insert(name.name);
  for (const auto& [id, certificate] : originals_)
    if (!now.contains(id)) moved.insert(certificate.names.begin(), certificate.names.end());

  std::size_t unshown = 0;
  std::string why;
  const auto show = [&](std::uint32_t site, const std::string& name, const CertificateConfig& its) {
    auto put = board_->put_name(
        {site, name, its.first_slot, static_cast<std::uint32_t>(its.keys.size()), its.id});
    if (put) return;
    ++unshown;
    why = put.error().message;
  };

  const auto& sites = reading.resolution.sites;
  for (std::uint32_t site = 0; site < sites.size(); ++site) {
    if (site >= config_.source.sites.size() || config_.source.sites[site] != '1') continue;
    // As the workers have it: of two with the name the one that the operator wrote first.
    std::unordered_map<std::string_view, const CertificateConfig*> by_name;
    for (std::uint32_t index : sites[site].certificates) {
      auto known = now.find(reading.resolution.config.certificates[index].id);
      if (known == now.end()) continue;
      for (const std::string& name : known->second->names)
        if (by_name.emplace(name, known->second).second &&
            (!is_original(*known->second) || moved.contains(name)))
          show(site, name, *known->second);
    }
    for (const std::string& name : moved) {
      if (by_name.contains(name)) continue;
      auto wild = by_name.find(wildcard_for(name));
      if (wild != by_name.end()) show(site, name, *wild->second);
    }
  }
  for (const CertificateConfig& certificate : config_.certificates)
    for (const std::string& name : certificate.names)
      if (is_ip(name) && !is_original(certificate)) show(kAnySite, name, certificate);
  if (unshown != 0)
    log_.error("names of the domain files: " + std::to_string(unshown) +
               " wait for the server's next reload: " + why);
}

void Additions::tell(const DomainFiles::Reading& reading, const Change& change) {
  if (!change.added.empty()) log_.notice("domain files: new: " + some_of(change.added));
  if (!change.changed.empty()) log_.notice("domain files: changed: " + some_of(change.changed));
  if (!change.gone.empty())
    log_.notice("domain files: not wanted any more: " + some_of(change.gone) +
                "; served until the server's next reload, and not renewed");
  if (change.waiting.size() != told_waiting_ && !change.waiting.empty())
    log_.error("domain files: " + some_of(change.waiting) +
               " must wait for the server's next reload: since the last one as many were added as "
               "there is room for");
  told_waiting_ = change.waiting.size();

  std::size_t dark = 0;
  const auto& sites = reading.resolution.sites;
  for (std::size_t i = 0; i < sites.size() && i < config_.source.sites.size(); ++i)
    if (sites[i].kind != SitePlan::Kind::off && config_.source.sites[i] == '0') ++dark;
  if (dark != told_sites_ && dark != 0)
    log_.warning("domain files: a reload of the server is needed for " + std::to_string(dark) +
                 (dark == 1 ? " site" : " sites") +
                 " that had none of our certificates when the configuration was read");
  told_sites_ = dark;
}

}  // namespace acme::keeper
