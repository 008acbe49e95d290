# How tests/qemu/run.sh builds and boots: sourced after lib.sh. $work is where everything is kept.
# shellcheck shell=sh
# shellcheck disable=SC2154  # set by lib.sh and run.sh

# deb SUITE PACKAGE...: download for arm64 into $work/debs, with a state of our own: the host's apt only says where its
# mirror is and learns of no other architecture
deb() {
	state=$work/apt-$1
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$work/debs"
	touch "$state/status"
	# shellcheck disable=SC2016  # apt's own variable
	cat >"$state/from.sources" <<-EOF
		Types: deb
		URIs: $(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -1)
		Suites: $1
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	EOF
	cat >"$state/apt.conf" <<-EOF
		Dir::State "$state";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		Dir::Etc::sourcelist "$state/from.sources";
		Dir::Etc::sourceparts "-";
		APT::Architecture "arm64";
		APT::Architectures "arm64";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	EOF
	shift
	(
		export APT_CONFIG="$state/apt.conf"
		cd "$work/debs" && apt-get -q update || exit 1
		for package in "$@"; do
			case $package in # a metapackage: what it stands for now
			linux-image-*) package=$(apt-cache depends "$package" | sed -n 's/.*Depends: \(linux-image\)/\1/p' | head -1) ;;
			esac
			apt-get -q download "$package" || exit 1
		done
	)
}

# prepare: what the builds and the guest need besides the host's own packages
prepare() {
	[ ! -e "$work/prepared" ] || return 0
	rm -rf "$work/debs" "$work/sysroot" "$work/guest" "$work/meson"
	deb bookworm libglib2.0-dev libpcre2-dev zlib1g-dev busybox-static linux-image-cloud-arm64 || return 1
	deb trixie meson python3-pycotap || return 1
	for f in "$work"/debs/lib*.deb "$work"/debs/zlib*.deb; do
		"$cooper" tool unpack -q --exclude "*.so" "$f" "$work/sysroot" || return 1
	done
	for f in "$work"/debs/busybox*.deb "$work"/debs/linux-image*.deb; do
		"$cooper" tool unpack -q --exclude lib/modules/ "$f" "$work/guest" || return 1
	done
	for f in "$work"/debs/meson*.deb "$work"/debs/python3-pycotap*.deb; do
		"$cooper" tool unpack -q "$f" "$work/meson" || return 1
	done
	cat >"$work/pkg-config-arm64" <<-EOF
		#!/bin/sh
		PKG_CONFIG_SYSROOT_DIR=$work/sysroot
		PKG_CONFIG_LIBDIR=$work/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig
		export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
		exec pkg-config "\$@"
	EOF
	chmod +x "$work/pkg-config-arm64"
	touch "$work/prepared"
}

# user_source plain|patched: the tree; the archive at hand lacks firmware that meson.build counts on, and tests are
# not wanted. A tree whose patches changed is made anew.
user_source() {
	tree=$work/source-$1
	archive=$(sources | head -1)
	stamp=$(cat "$archive" "$patches"/000[34]*.patch | sha256sum)
	[ "$(cat "$tree.stamp" 2>/dev/null)" != "$stamp" ] || return 0
	rm -rf "$tree" "$tree.stamp"
	unpack_source "$archive" "$tree" || return 1
	sed -i "s/^subdir('pc-bios')/# &/; s/^  *subdir('tests')/  message('no tests')/" "$tree/meson.build"
	if [ "$1" = patched ]; then
		"$cooper" tool patch -q -d "$tree" "$patches"/000[34]*.patch || return 1
	fi
	rm -rf "$work/build-$1-"*
	echo "$stamp" >"$tree.stamp"
}

# user_build plain|patched aarch64|x86_64: build-VARIANT-ARCH/qemu-x86_64
user_build() {
	out=$work/build-$1-$2
	[ ! -e "$out/done" ] || return 0
	rm -rf "$out"
	mkdir -p "$out"
	(
		cd "$out" || exit 1
		export PYTHONPATH="$work/meson/usr/lib/python3/dist-packages" PATH="$work/meson/usr/bin:$PATH" LC_ALL=C
		export CCACHE_BASEDIR="$work" CCACHE_NOHASHDIR=1
		cc=gcc
		cross=
		if [ "$2" != "$(uname -m)" ]; then
			cross=--cross-prefix=$2-linux-gnu-
			cc=$2-linux-gnu-gcc
			export PKG_CONFIG="$work/pkg-config-arm64"
		fi
		command -v ccache >/dev/null && cc="ccache $cc"
		# shellcheck disable=SC2086  # one word or none
		"../source-$1/configure" --cc="$cc" --host-cc=gcc --python=/usr/bin/python3 $cross --static \
			--target-list=x86_64-linux-user --without-default-features --enable-linux-user --disable-system \
			--disable-tools --disable-docs --disable-install-blobs --disable-werror --disable-download \
			--disable-debug-info --disable-containers >configure.log 2>&1 || { tail -5 configure.log; exit 1; }
		nice -n 10 ninja -j2 qemu-x86_64 >ninja.log 2>&1 || { tail -20 ninja.log; exit 1; }
	) && touch "$out/done"
}

guest_program() { # NAME
	x86=gcc
	[ "$(uname -m)" = x86_64 ] || x86=x86_64-linux-gnu-gcc
	$x86 -O2 -Wall -Wextra -Werror -nostdlib -static -ffreestanding -fno-stack-protector -fno-builtin -o "$work/$1" \
		"$here/guest/$1.c"
}

# boot_lowaddr: guest/lowaddr.c under both emulators on an arm64 kernel; $work/console has what was said
boot_lowaddr() {
	cat >"$work/init" <<-'EOF'
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		for variant in plain patched; do
			/$variant /lowaddr
			echo "$variant ends with $?"
		done
		/bin/busybox poweroff -f
	EOF
	for variant in plain patched; do
		aarch64-linux-gnu-strip -o "$work/$variant" "$work/build-$variant-aarch64/qemu-x86_64" || return 1
	done
	python3 "$here/initramfs.py" "$work/initramfs" proc/ dev/ bin/ "bin/busybox=$work/guest/bin/busybox" \
		"plain=$work/plain" "patched=$work/patched" "lowaddr=$work/lowaddr" "init=$work/init" || return 1
	timeout 300 qemu-system-aarch64 -M virt -cpu cortex-a72 -m 1024 -smp 2 -nographic -no-reboot -accel tcg \
		-kernel "$work"/guest/boot/vmlinuz-* -initrd "$work/initramfs" -append "console=ttyAMA0 quiet panic=-1" \
		</dev/null 2>&1 | tr -d '\r' >"$work/console"
	grep -q '^patched ends with' "$work/console"
}
