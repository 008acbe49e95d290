#!/usr/bin/env bats
# `cooper timeline`: what is kept of runs, for a terminal, as JSON and as a page. That `up` keeps them: tests/scripted/life.sh.
bats_require_minimum_version 1.5.0
load lib

setup() {
	alone
	mkdir -p "$COOPER_HOME/log" "$COOPER_HOME/cas"
	runs=$COOPER_HOME/log/timeline.jsonl
	cat >"$runs" <<-'END'
		{"at":"2026-11-01T09:00:00Z","command":"up","stack":"/p/cooper.yaml","ms":100000,"ok":true,"steps":[{"id":"build:qemu","start_ms":0,"ms":50000,"ok":true,"why":"","outcome":"keg"},{"id":"boot","start_ms":50000,"ms":40000,"ok":true,"phases":[{"name":"kernel","ms":10000},{"name":"ready","ms":40000}]}]}
		this is no JSON
		{"at":"2026-11-02T09:00:00Z","command":"up","stack":"/p/<b>\"x'&.yaml","ms":30000,"ok":false,"steps":[{"id":"build:qemu","start_ms":0,"ms":10000,"ok":true,"why":"<script>alert(1)</script>","outcome":""},{"id":"boot","start_ms":10000,"ms":20000,"ok":false},{"id":"canary","start_ms":20000}]}
	END
}

@test "none yet" {
	rm "$runs"
	run -0 "$cooper" timeline
	[[ $output == *"no run has been recorded yet"* ]]
	run -0 "$cooper" timeline --json
	[ "$output" = "[]" ]
}

@test "the last one, with what was otherwise before" {
	run -0 "$cooper" timeline
	[[ $output == *"30.0 s, failed"* ]]
	[[ $output == *"build:qemu"*"##########...................."*"10.0 s  (was 50.0 s)"* ]]
	[[ $output == *"boot"*"20.0 s  failed"* ]]
	[[ $output == *"canary"*"10.0 s  cut short"* ]]
}

@test "an earlier one, with the phases of its boot" {
	run -0 "$cooper" timeline 2
	[[ $output == *"/p/cooper.yaml"*"1 min 40 s"* ]]
	[[ $output == *"  kernel"*"10.0 s"*"  ready"*"30.0 s"* ]]
	[[ $output != *"(was"* ]]
}

@test "one that is not there" {
	run -2 "$cooper" timeline 3
	[[ $output == *"there is no run 3"*"2 the oldest"* ]]
	run -2 "$cooper" timeline 0
	run -2 "$cooper" timeline last
}

@test "JSON has those that can be read" {
	run -0 "$cooper" timeline --json
	[ "$(grep -c '"command"' <<<"$output")" = 2 ]
}

@test "the page: whole by itself, and names are text in it" {
	run -0 "$cooper" timeline --html "$BATS_TEST_TMPDIR/t.html"
	[[ $output == *"2 runs in"* ]]
	page=$(cat "$BATS_TEST_TMPDIR/t.html")
	[[ $page == "<!doctype html>"*"</html>" ]]
	[[ $page == *"/p/&lt;b&gt;&quot;x&#39;&amp;.yaml"* ]]
	[[ $page != *"<script"* && $page != *"http"* && $page != *"<b>"* ]]
	[[ $page == *"left:0.0%;width:33.3%"* ]]
}

@test "a page where no file can be" {
	run -1 "$cooper" timeline --html /nonexistent/t.html
	[[ $output == *"/nonexistent"* ]]
}

@test "a page of names that are longer than most" {
	sed 's/"build:qemu"/"image:fedora-coreos-debian-with-more"/' "$runs" >"$runs.new" && mv "$runs.new" "$runs"
	run -0 "$cooper" timeline
	[ "$(awk '/[#]/ { print match($0, /[#.][#.][#.]/) }' <<<"$output" | sort -u | wc -l)" = 1 ]
}

@test "a diary that cannot be read is an error" {
	rm "$runs" && ln -s timeline.jsonl "$runs"
	run -1 "$cooper" timeline
	[[ $output == *"timeline.jsonl"* ]]
}
