#!/bin/sh
# record.sh - the session in the README, docs/session.svg, made anew: `cooper up` where all is built and no machine is there,
# and what a user does next. In a home of its own, with the downloads and results of the usual one.
# Needs npm, for the program that draws a recording.
set -eu
cd "$(dirname "$0")/../.."
cooper=$PWD/build/release/cooper
here=$PWD/packaging/recording
docs=$PWD/docs
usual=${COOPER_HOME:-$HOME/.local/share/cooper}
work=$(mktemp -d /tmp/home.XXXX)
export HOME="$work/ann" PATH="$work/bin:$PATH"
export COOPER_HOME="$HOME/.local/share/cooper"
trap '"$cooper" destroy --all --yes >/dev/null 2>&1; rm -rf "$work"' EXIT
mkdir -p "$COOPER_HOME" "$work/bin" "$HOME/project"
for part in cas store accel.json compiler.json cooper.lock; do
	[ ! -e "$usual/$part" ] || cp -al "$usual/$part" "$COOPER_HOME/" 2>/dev/null || cp -a "$usual/$part" "$COOPER_HOME/"
done
ln -s "$cooper" "$work/bin/cooper"
cd "$HOME/project"
cat >cooper.yaml <<-'YAML'
	kind: stack
	extends: podman-debian
	machine: { name: demo, cpus: 2, memory: 2GiB }
	run: [amd64, arm64]
	steps:
	  - { name: motd, write: { path: /etc/motd, text: hello } }
YAML
python3 "$here/record.py" "$work/session.cast" 'cat cooper.yaml' 'cooper up --yes' 'cooper up' \
	'cooper status' 'cooper ssh demo -- uname -srm'
npm exec --yes --ignore-scripts svg-term-cli@2.1.1 -- --in "$work/session.cast" --out "$work/session.svg" --window --no-cursor
cp "$work/session.svg" "$docs/session.svg"
