#ifndef VEDETTE_CDPDK_H
#define VEDETTE_CDPDK_H
#endif
