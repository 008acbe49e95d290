#include "image/image_job.h"

char *image_name(const struct recipe *recipe, enum arch guest_arch)
{
	return mem_printf("%s-%s", recipe->name, arch_name(guest_arch));
}
