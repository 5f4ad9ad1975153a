// Who is to be told what: each thing once for each who wants to know, kept until it was told. The
// agent does the telling, so nothing here waits for a program or a URL.
//
// The same failure is told at once, then daily; that and what nobody has heard yet outlive the
// helper (notices.json). That a certificate was issued or renewed is not worth that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/log.h"
#include "config/config.h"
#include "ipc/notice.h"
#include "keeper/certificates.h"
#include "keeper/complaint.h"
#include "keeper/notice.h"
#include "keeper/supplied_watch.h"
#include "store/store.h"

namespace acme::keeper {

class Notices {
 public:
  Notices(const Env& env, Log& log, const Config& config, Store& store,
          const Certificates& certificates);

  // To the agent; false: there is none.
  std::function<bool(const ipc::Notice&)> on_new;

  // After the store's lock was taken.
  void restore();
  // There is an agent, who knows of nothing yet.
  void tell_all();

  void installed(const Managed& managed, bool first);
  void revoked(const Managed& managed);
  void terms_changed(const std::string& issuer, const std::string& terms);
  void deploy_failed(const std::string& program, const std::vector<Lineage>& lineages,
                     const std::string& words);
  // The agent's requests.
  Outcome happened(const ipc::Happened& request);
  Outcome done(const ipc::NoticeDone& request);

  // Each minute: what ends soon. Of thousands of files the rest follows in turn().
  void look();
  // In each turn of the loop: what is new is written.
  void turn();
  void settle();
  Millis next_deadline(Millis otherwise) const;

 private:
  void add(const Notice& notice);
  void add_for(const NotifyConfig& target, const Notice& notice, const std::string& json);
  bool make_room(const NotifyConfig& target, Event event);
  bool is_new(const std::string& subject, std::string_view words, std::int64_t again_after);
  void forget(const std::string& subject);
  bool is_wanted(Event event) const;
  void look_at(const Managed& managed, WallTime now);
  void look_at(const SuppliedCertificate& certificate, WallTime now);
  bool is_replaced(const SuppliedCertificate& certificate) const;
  void touch();

  const Env& env_;
  Log& log_;
  const Config& config_;
  SuppliedWatch supplied_;
  Store& store_;
  const Certificates& certificates_;
  NoticesRecord record_;                    // what is pending
  std::map<std::string, ToldRecord> told_;  // by subject: as many as there are certificates, or few
  std::uint32_t last_ = 0;
  bool stale_ = false;  // record_ is not on disk
  Millis saved_at_ = 0;
  Millis looked_at_ = 0;
  Complaint store_complaint_;
  Complaint overflow_;
};

}  // namespace acme::keeper
