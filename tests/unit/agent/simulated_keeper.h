// What acme-keeper and its store do, as far as the agent can tell. For simulation.h.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unit/agent/world.h"

namespace acme::test {

using Names = std::vector<std::string>;

// Everything in it outlives a restart.
class SimulatedKeeper {
 public:
  struct Stored {
    std::string issuer;
    Names names;
    WallTime not_before = 0;
    WallTime not_after = 0;
  };
  struct Order {
    std::string issuer;
    std::string url;  // empty: the answer to newOrder is not known
    Names names;
  };

  SimulatedKeeper(FakeEnv& env, const Config& config) : env_(env), config_(config) {}

  std::map<std::string, std::int64_t> lifetimes;  // by certificate
  std::map<std::string, Stored> stored;
  std::map<std::string, ScheduleRecord> schedules;
  std::map<std::string, SpentLimits> spent;
  std::map<std::string, std::string> accounts;
  std::map<std::string, std::string> ari_ids;  // of what is stored, where it has one
  std::map<std::string, WallTime> held;        // an issuer asked not to be called before
  std::map<std::string, Order> orders;
  std::map<std::string, std::string> issuer_stages;
  std::map<std::string, std::string> stages;
  std::vector<std::string> lines;
  bool keep_lines = true;
  std::function<void(const std::string& id, const Stored& before)> on_installed;

  std::size_t lines_with(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(),
        [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

  ipc::Welcome welcome() {
    ipc::Welcome out;
    for (const IssuerConfig& issuer : config_.issuers)
      out.issuers.push_back({issuer.id, "", accounts[issuer.id], held[issuer.id],
                             !accounts[issuer.id].empty(), spent[issuer.id]});
    std::erase_if(orders, [](const auto& each) { return each.second.url.empty(); });
    for (const CertificateConfig& certificate : config_.certificates)
      out.lineages.push_back(state_of(certificate));
    return out;
  }

  ipc::LineageState state_of(const CertificateConfig& certificate) {
    ipc::LineageState state;
    state.lineage = {certificate.id, certificate.keys.front()};
    state.configuration = "digest";
    state.schedule = schedules[certificate.id];
    if (auto found = stored.find(certificate.id); found != stored.end()) {
      state.stored = true;
      state.issuer = found->second.issuer;
      state.ari_id = ari_ids[certificate.id];
      if (!state.ari_id.empty()) state.ari_issuer = state.issuer;
      state.not_before = found->second.not_before;
      state.not_after = found->second.not_after;
      state.current = is_current(certificate, found->second.names);
    }
    if (auto found = orders.find(certificate.id); found != orders.end()) {
      state.order_issuer = found->second.issuer;
      state.order_url = found->second.url;
      state.order_names = found->second.names;
    }
    return state;
  }

  ipc::Reply handle(ipc::Type type, std::string_view bytes) {
    ipc::Reply reply;
    reply.ok = true;
    reply.text = act(type, bytes, reply.ok);
    return reply;
  }

 private:
  bool is_current(const CertificateConfig& certificate, const Names& names) {
    return std::all_of(certificate.names.begin(), certificate.names.end(), [&](const auto& name) {
      if (std::find(names.begin(), names.end(), name) != names.end()) return true;
      const auto& failed = schedules[certificate.id].failed_names;
      return std::any_of(failed.begin(), failed.end(), [&](const FailedName& each) {
        return each.name == name && each.left_out();
      });
    });
  }
  static Json body(const char* what, const std::string& nonce) {
    return Json::object().set("what", what).set("nonce", nonce);
  }
  template <class Message>
  static Message read(std::string_view bytes) {
    return REQUIRE_OK(decode<Message>(bytes));
  }

  std::string act(ipc::Type type, std::string_view bytes, bool& ok) {
    using ipc::Type;
    switch (type) {
      case Type::sign_new_order: {
        auto message = read<ipc::SignNewOrder>(bytes);
        Order& order = orders[message.lineage.certificate];
        CHECK(order.url.empty());
        order = {message.issuer, "", message.names};
        Json names = Json::array();
        for (const std::string& name : message.names) names.append(name);
        return body("order", message.nonce).set("names", std::move(names)).compact();
      }
      case Type::sign_challenge:
        return body("challenge", read<ipc::SignChallenge>(bytes).nonce).compact();
      case Type::sign_finalize:
        return body("finalize", read<ipc::SignFinalize>(bytes).nonce).compact();
      case Type::account_created: {
        auto message = read<ipc::AccountCreated>(bytes);
        accounts[message.issuer] = message.account_url;
        return "";
      }
      case Type::order_created: {
        auto message = read<ipc::OrderCreated>(bytes);
        orders[message.lineage.certificate].url = message.order_url;
        return "";
      }
      case Type::give_up_order:
        orders.erase(read<ipc::GiveUpOrder>(bytes).lineage.certificate);
        return "";
      case Type::save_schedule: {
        auto message = read<ipc::SaveSchedule>(bytes);
        schedules[message.lineage.certificate] = message.schedule;
        return "";
      }
      case Type::save_limits: {
        auto message = read<ipc::SaveLimits>(bytes);
        spent[message.issuer] = message.spent;
        return "";
      }
      case Type::hold_issuer: {
        auto message = read<ipc::HoldIssuer>(bytes);
        held[message.issuer] = message.until;
        return "";
      }
      case Type::present_challenges:
        return "";  // none of them is in DNS
      case Type::install_chain:
        return install(read<ipc::InstallChain>(bytes), ok);
      case Type::log_line:
        if (keep_lines) lines.push_back(read<ipc::LogLine>(bytes).line);
        return "";
      case Type::progress: {
        auto message = read<ipc::Progress>(bytes);
        stages[message.lineage.certificate] = message.stage;
        return "";
      }
      case Type::issuer_progress: {
        auto message = read<ipc::IssuerProgress>(bytes);
        issuer_stages[message.issuer] = message.stage;
        return "";
      }
      default:
        return body("fetch", "").compact();
    }
  }

  std::string install(const ipc::InstallChain& message, bool& ok) {
    const std::string& id = message.lineage.certificate;
    auto order = orders.find(id);
    if (order == orders.end() || order->second.issuer != message.issuer) {
      ok = false;
      return "no order of " + id + " is under way";
    }
    Stored fresh{message.issuer, order->second.names, env_.now() - kHour, 0};
    fresh.not_after = fresh.not_before + lifetimes[id];
    orders.erase(order);
    Stored before = std::exchange(stored[id], fresh);
    if (on_installed) on_installed(id, before);
    return std::string(encode(state_of(*config_.certificate(id))).view());
  }

  FakeEnv& env_;
  const Config& config_;
};

}  // namespace acme::test
