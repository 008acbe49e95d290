// testcontainers.js NAME: one thing that tests do with testcontainers. BUSY is the image, SHARED a folder that the guest has.
const { GenericContainer, Network, Wait, DockerComposeEnvironment } = require("testcontainers");
const assert = require("assert");
const fs = require("fs");
const path = require("path");

const web = "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www";
const image = () => new GenericContainer(`${process.env.BUSY}:latest`).withStartupTimeout(120000);
const sleeper = () => image().withCommand(["sleep", "1000"]);

// Each gets a list for what it starts, which is stopped whatever happens.
const cases = {
  async http(made) {
    const c = await image().withCommand(["sh", "-c", web]).withExposedPorts(80)
      .withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forHttp("/index.html", 80)])).start();
    made.push(c);
    assert.equal(c.getHost(), "127.0.0.1");
    const answer = await fetch(`http://${c.getHost()}:${c.getMappedPort(80)}/index.html`);
    assert.equal(await answer.text(), "hello\n");
  },
  async exec(made) {
    const c = await sleeper().withEnvironment({ A: "1" }).start();
    made.push(c);
    const got = await c.exec(["sh", "-c", "echo $A; exit 3"]);
    assert.deepEqual([got.exitCode, got.output], [3, "1\n"]);
    await c.restart();
    assert.equal((await c.exec(["true"])).exitCode, 0);
  },
  async files(made) {
    const folder = fs.mkdtempSync(path.join(process.env.SHARED, "tc-"));
    fs.chmodSync(folder, 0o755);
    fs.writeFileSync(path.join(folder, "a"), "of host\n");
    const c = await sleeper().withCopyContentToContainer([{ content: "put\n", target: "/put" }])
      .withBindMounts([{ source: folder, target: "/src" }]).start();
    made.push(c);
    assert.equal((await c.exec(["cat", "/put", "/src/a"])).output, "put\nof host\n");
    const pieces = [];
    for await (const piece of await c.copyArchiveFromContainer("/put")) pieces.push(piece);
    assert(Buffer.concat(pieces).includes("put\n"));
  },
  async network(made) {
    const network = await new Network().start();
    const server = await image().withCommand(["sh", "-c", web]).withNetwork(network).withNetworkAliases("server")
      .withWaitStrategy(Wait.forSuccessfulCommand("wget -qO- http://127.0.0.1/index.html")).start();
    made.push(network, server);
    const c = await sleeper().withNetwork(network).start();
    made.push(c);
    assert.equal((await c.exec(["wget", "-qO-", "http://server/index.html"])).output, "hello\n");
  },
  async log(made) {
    const c = await image().withCommand(["sh", "-c", "sleep 2; echo is ready; sleep 1000"])
      .withWaitStrategy(Wait.forLogMessage("is ready")).start();
    made.push(c);
    made.push(await sleeper().withHealthCheck({ test: ["CMD-SHELL", "true"], interval: 2000, timeout: 5000, retries: 5 })
      .withWaitStrategy(Wait.forHealthCheck()).start());
  },
  async compose(made) {
    const folder = fs.mkdtempSync(path.join(process.env.SHARED, "tc-"));
    fs.writeFileSync(path.join(folder, "compose.yaml"),
      `services: { a: { image: "${process.env.BUSY}:latest", command: sleep 1000 } }\n`);
    const all = await new DockerComposeEnvironment(folder, "compose.yaml").up();
    made.push({ stop: () => all.down() });
    assert.equal((await all.getContainer("a-1").exec(["echo", "in"])).output, "in\n");
  },
};

async function main() {
  const made = [];
  try {
    await cases[process.argv[2]](made);
  } finally {
    for (const one of made.reverse()) await one.stop();
  }
}

main().then(() => process.exit(0), (e) => {
  console.error(e);
  process.exit(1);
});
