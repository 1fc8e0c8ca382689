/* The one function of bcryptprimitives.dll that std calls, by the older one that does the same. For Wine, see wine.sh. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(void *to, ULONG bytes);

__declspec(dllexport) BOOL WINAPI ProcessPrng(void *to, SIZE_T bytes) {
    return SystemFunction036(to, (ULONG)bytes);
}
