// import: what another client left, kept until the server's first start.
#include "store/state.h"

namespace acme {

Outcome Store::save_import(const Secret& bytes) {
  ACME_CHECK(state_->may_write());
  return replace_file(state_->root, kImport, bytes.view());
}

Result<Secret> Store::load_import() const {
  return state_->root.read_secret(kImport);
}

Outcome Store::forget_import() {
  ACME_CHECK(state_->may_write());
  return remove_tree(state_->root, kImport);
}

}  // namespace acme
