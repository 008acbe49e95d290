#include <stdio.h>

int main(void)
{
	return puts("compiled for macOS") < 0;
}
