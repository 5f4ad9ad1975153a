// What reading ten thousand sites took would otherwise be a part of each worker that is forked.
#pragma once

namespace acme::serve {

// In the server's master, once what was read has been freed.
void hand_back_heap();

}  // namespace acme::serve
