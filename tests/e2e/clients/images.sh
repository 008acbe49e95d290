# Images as files, their names, and what is left over.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area images

saved() {
	c tag "$busy" "localhost/$n:1" && c save -o "$work/$n.tar" "localhost/$n:1" && c rmi "localhost/$n:1" >/dev/null && ! has "localhost/$n:1" &&
		c load -i "$work/$n.tar" >/dev/null && is "$(c run --rm "localhost/$n:1" echo loaded)" loaded
}
has() { c image inspect "$1" >/dev/null 2>&1; }
works "$all" "tag, save, rmi, load" saved

streamed() {
	c tag "$busy" "localhost/$n:1" && c save "localhost/$n:1" | gzip >"$work/$n.tgz" && c rmi "localhost/$n:1" >/dev/null && c load <"$work/$n.tgz" >/dev/null && has "localhost/$n:1"
}
works "$both" "save and load as streams, compressed" streamed

across() { podman --remote --connection clients save "$foreign" | c load >/dev/null && is "$(c inspect -f '{{.Architecture}}' "$foreign")" "$foreign_arch"; }
works "podman-root docker-root" "from the user's podman to root's" across

exported() {
	c run --name "$n" "$busy" sh -c 'echo new >/new' && c export "$n" >"$work/$n.tar" && tar -tf "$work/$n.tar" | grep -qx new &&
		c import - "localhost/$n" <"$work/$n.tar" >/dev/null && is "$(c run --rm "localhost/$n" /bin/cat /new)" new
}
works "$both" "export and import" exported

committed() {
	c run --name "$n" "$busy" sh -c 'echo new >/new' && c commit --change 'CMD ["cat", "/new"]' "$n" "localhost/$n" >/dev/null 2>&1 && is "$(c run --rm "localhost/$n")" new
}
works "$both" "commit, with a change" committed

shown() {
	is "$(c image inspect -f '{{.Architecture}} {{.Os}}' "$busy")" "$native_arch linux" && c history "$busy" | grep -q 'ADD' && c images "$busy" | grep -q "localhost/busy" &&
		is "$(c images -q --filter "reference=$busy" | wc -l)" 1
}
works "$both" "inspect, history, images with a filter" shown

in_use() { c tag "$busy" "localhost/$n" && c run -d --name "$n" "localhost/$n" sleep 1000 >/dev/null && c rmi "localhost/$n" >/dev/null && has "$busy"; }
works "$both" "a name is taken away, the image stays" in_use

pruned() {
	context <<-EOF
		FROM $busy
		ARG X
		LABEL x=\$X
	EOF
	c_build --build-arg "X=1$n" >/dev/null && c_build --build-arg "X=2$n" >/dev/null && c run --name "$n" "localhost/$n" true && c volume create "p$n" >/dev/null &&
		c network create "p$n" >/dev/null && c container prune -f >/dev/null && code 1 c inspect "$n" >/dev/null 2>&1 &&
		c image prune -f >/dev/null && is "$(c images -q --filter dangling=true | wc -l)" 0 && c network prune -f >/dev/null && ! c network ls | grep -q "p$n"
}
works "$both" "prune of containers, images and networks" pruned

volumes_pruned() { c volume create "q$n" >/dev/null && c volume prune -f >/dev/null && ! c volume ls -q | grep -qx "q$n"; }
works "$both" "volume prune" volumes_pruned

all_pruned() { c volume create "r$n" >/dev/null && c system prune -f >/dev/null && c volume ls -q | grep -qx "r$n" && has "$busy"; }
works "$both" "system prune leaves volumes and named images" all_pruned
