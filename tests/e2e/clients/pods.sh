# Pods, and Kubernetes' files, which podman has.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area pods
pods="podman podman-root podman5"

pod_shared() {
	c pod create --name "p$n" >/dev/null && web --pod "p$n" && is "$(c run --rm --pod "p$n" "$busy" wget -qO- http://127.0.0.1/)" hello &&
		c pod ps --format '{{.Name}} {{.NumberOfContainers}}' | grep -q "p$n 2" && c pod rm -f "p$n" >/dev/null && ! c inspect "$n" >/dev/null 2>&1
}
works "$pods" "containers of a pod share 127.0.0.1; pod ps, pod rm" pod_shared

pod_ports() {
	local p
	p=$(free_port) && c pod create --name "p$n" -p "$p:80" >/dev/null && web --pod "p$n" && await 30 hello "$p" &&
		c pod stop -t 0 "p$n" >/dev/null && await 30 not hello "$p" && c pod start "p$n" >/dev/null && await 30 hello "$p" &&
		c pod restart "p$n" >/dev/null && await 30 hello "$p"
}
works "$pods" "its ports; there again after pod stop and start, and pod restart" pod_ports

kube() {
	cat >"$work/$n.yaml" <<-EOF
		apiVersion: v1
		kind: Pod
		metadata: { name: k$n }
		spec:
		  containers:
		    - { name: main, image: $busy:latest, imagePullPolicy: Never, command: [sleep, "1000"], env: [{ name: A, value: "1" }] }
	EOF
	c kube play "$work/$n.yaml" >/dev/null && is "$(c exec "k$n-main" sh -c 'echo $A')" 1 && c kube generate "k$n" | grep -q 'kind: Pod' &&
		c kube down "$work/$n.yaml" >/dev/null && ! c pod inspect "k$n" >/dev/null 2>&1
}
works "$pods" "kube play, generate, down" kube
