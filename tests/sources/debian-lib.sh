# shellcheck shell=bash
# Sourced after lib.sh by the tests of Debian source packages.
project=${project:?} work=${work:?}

# An apt whose mirror is the folder of the last pin: a lock names no other place than Debian's archive.
mkdir -p "$work/apt-bin"
cat >"$work/apt-bin/apt-get" <<END
#!/bin/sh
. /etc/os-release
case " \$* " in
*" indextargets "*) echo "file://\$(cat '$work/pool')/|\$VERSION_CODENAME|\$VERSION_CODENAME|Debian|main" ;;
*) exec $(command -v apt-get) "\$@" ;;
esac
END
chmod +x "$work/apt-bin/apt-get"
PATH=$work/apt-bin:$PATH

# pin NAME [MORE]: the recipe, and a lock with the files of the source package NAME in the current folder
pin() {
	recipe "  - debian-source: $1
$(printf '%s\n' "${@:2}" | sed 's/^/    /')"
	sed -i '/install, -m/d; /^version:/d' "$project/recipes/tiny.yaml"
	pwd -P >"$work/pool"
	python3 - "$project/cooper.lock" "$1" "$1"_* <<-'END'
		import hashlib, json, os, sys
		out, package, *names = sys.argv[1:]
		version = [l.split(":", 1)[1].strip() for n in names if n.endswith(".dsc")
		           for l in open(n, encoding="utf-8") if l.startswith("Version:")][0]
		files = [{"name": n, "url": "debian:" + n, "sha256": hashlib.sha256(open(n, "rb").read()).hexdigest(),
		          "size": os.path.getsize(n)} for n in sorted(names)]
		json.dump({"format": 1, "entries": {"debian-source:%s:host" % package: {"version": version, "files": files}}}, open(out, "w"))
	END
}

# with_patches: after pin, the same with the package's own patches
with_patches() {
	cat >>"$project/recipes/tiny.yaml" <<-END
		patches:
		  - series: debian/patches/series
	END
}
