/* embedded - the files under assets/, as part of the program. */
#ifndef WEB_EMBEDDED_H
#define WEB_EMBEDDED_H

#include "common/base/embed.h"

extern const struct embed_file web_assets[];
extern const size_t web_assets_n;

#endif
