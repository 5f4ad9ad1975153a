// The directives that name certificates. Forms only: whether an issuer of
// that name exists is known when everything has been read.
#pragma once

#include "config/settings.h"

namespace acme {

// on | off | issuer…
Result<EngineDirective> parse_engine(const std::vector<std::string>& values, Place place);
// issuer[,issuer] [names…] [name=id] [key=alg[,alg]]
Result<CertificateDirective> parse_certificate(const std::vector<std::string>& values, Place place);
// names… [name=id] [issuer=a,b] [key=alg[,alg]]
Result<CertificateDirective> parse_domain(const std::vector<std::string>& values, Place place);

}  // namespace acme
