#include "image/debstrap.h"

#include <string.h>

#include "base/quote.h"

/* apt writes names with the epoch's colon escaped; the part before the first '_' is the package. */
static char *include_list(const struct source_files *files)
{
	AUTO(strs) names = STRS_INIT;
	for (size_t i = 0; i < files->count; i++)
		strs_take(&names, mem_strndup(files->items[i].name, strcspn(files->items[i].name, "_")));
	return strs_join(&names, ",");
}

static void add_hook(struct strs *argv, const char *hook, const char *files, const char *script)
{
	AUTO_FREE char *path = mem_printf("%s/%s", files, script);
	AUTO(str) text = STR_INIT;

	str_addf(&text, "--%s-hook=sh ", hook);
	quote_word(&text, path);
	str_add(&text, " \"$1\"");
	strs_take(argv, str_take(&text));
}

/* A space would end the URI in its line, and apt decodes percent signs. */
static char *repository_line(const char *packages)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "deb [trusted=yes] copy:");
	str_add_percent(&s, packages, "-._~/+:@");
	str_add(&s, " ./");
	return str_take(&s);
}

void debstrap_argv(const struct image_job *job, const char *files, const char *packages, const char *root,
		   struct strs *argv)
{
	const struct image_recipe *image = &job->recipe->image;
	AUTO_FREE char *names = include_list(job->files);
	static const char *const fixed[] = {"mmdebstrap",
					    "--mode=root",
					    "--variant=essential",
					    "--format=directory",
					    "--skip=cleanup/apt,check/empty",
					    "--aptopt=APT::Install-Recommends \"false\"",
					    "--aptopt=Acquire::Languages \"none\"",
					    "--aptopt=APT::Sandbox::User \"root\"",
					    "--aptopt=DPkg::Path \"/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin\"",
					    "--dpkgopt=force-unsafe-io",
					    "--dpkgopt=force-confold",
					    NULL};
	strs_add_all(argv, fixed);
	strs_addf(argv, "--architectures=%s", arch_row(job->guest_arch)->debian);
	for (size_t i = 0; i < image->exclude.count; i++)
		strs_addf(argv, "--dpkgopt=path-exclude=%s", image->exclude.items[i]);
	strs_addf(argv, "--include=%s", names);
	add_hook(argv, "essential", files, "prepare.sh");
	add_hook(argv, "customize", files, "customize.sh");
	strs_add(argv, "");
	strs_add(argv, root);
	strs_take(argv, repository_line(packages));
}
