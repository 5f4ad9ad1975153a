// reload.json: when the server was last asked to reload, and how often in vain.
#include "store/state.h"

namespace acme {

Result<ReloadRecord> Store::load_reload(WallTime now) const {
  ACME_TRY(ReloadRecord reload,
           state_->load_record(state_->root, std::string(kReload), decode_reload));
  clamp_times(reload, now);
  return reload;
}

Outcome Store::save_reload(const ReloadRecord& reload) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kReload, encode_reload(reload));
}

}  // namespace acme
