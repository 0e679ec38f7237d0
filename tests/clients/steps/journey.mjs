// The JavaScript client's whole way through a repository: create, upload, commit, list, download, delete.
import assert from "node:assert/strict";
import * as hub from "@huggingface/hub";

const hubUrl = process.env.HUB_URL;
const accessToken = process.env.HF_TOKEN;
const name = process.env.REPO;
const repo = { type: "model", name };
const how = { hubUrl, accessToken };

const me = await hub.whoAmI(how);
assert.equal(me.name, "alice");
assert.equal(me.type, "user");

const { repoUrl } = await hub.createRepo({ ...how, repo, license: "mit" });
assert.equal(repoUrl, `${hubUrl}/${name}`);
assert.equal(await hub.repoExists({ ...how, repo }), true);
assert.equal(await hub.repoExists({ ...how, repo: { type: "model", name: `${name}-not` } }), false);

const large = new Uint8Array(3_000_000).map((_, n) => (n * 7) % 251);
await hub.uploadFiles({
  ...how,
  repo,
  title: "three files",
  files: [
    { path: "config.json", content: new Blob(['{"model_type": "bert"}']) },
    { path: "sub/ünï çödé.txt", content: new Blob(["words"]) },
    { path: "empty.txt", content: new Blob([]) },
    { path: "model.safetensors", content: new Blob([large]) },
  ],
  useWebWorkers: false,
});

const files = [];
for await (const file of hub.listFiles({ ...how, repo, recursive: true })) files.push(file);
const byPath = Object.fromEntries(files.map((f) => [f.path, f]));
assert.equal(byPath["model.safetensors"].size, large.length);
assert.equal(byPath["model.safetensors"].lfs.size, large.length);
assert.equal(byPath["sub"].type, "directory");
assert.ok(byPath["sub/ünï çödé.txt"]);

const down = await hub.downloadFile({ ...how, repo, path: "model.safetensors" });
assert.deepEqual(new Uint8Array(await down.arrayBuffer()), large);
assert.equal(await (await hub.downloadFile({ ...how, repo, path: "config.json" })).text(), '{"model_type": "bert"}');
assert.equal(await (await hub.downloadFile({ ...how, repo, path: "sub/ünï çödé.txt" })).text(), "words");
assert.equal((await (await hub.downloadFile({ ...how, repo, path: "empty.txt" })).arrayBuffer()).byteLength, 0);
assert.equal(await hub.downloadFile({ ...how, repo, path: "missing.txt" }), null);
assert.equal(await hub.fileExists({ ...how, repo, path: "config.json" }), true);
assert.equal(await hub.fileExists({ ...how, repo, path: "missing.txt" }), false);
const info = await hub.fileDownloadInfo({ ...how, repo, path: "model.safetensors" });
assert.equal(info.size, large.length);

await hub.commit({
  ...how,
  repo,
  title: "edit and delete",
  operations: [
    { operation: "addOrUpdate", path: "config.json", content: new Blob(["{}"]) },
    { operation: "delete", path: "empty.txt" },
  ],
  useWebWorkers: false,
});
await hub.deleteFile({ ...how, repo, path: "model.safetensors" });
const paths = [];
for await (const file of hub.listFiles({ ...how, repo, recursive: true })) if (file.type === "file") paths.push(file.path);
assert.deepEqual(paths.sort(), [".gitattributes", "README.md", "config.json", "sub/ünï çödé.txt"].sort());

const titles = [];
for await (const commit of hub.listCommits({ ...how, repo })) titles.push(commit.title);
assert.ok(titles.includes("edit and delete") && titles.at(-1) === "initial commit", titles.join());
assert.equal(await hub.countCommits({ ...how, repo }), titles.length);

await hub.createBranch({ ...how, repo, branch: "side/way" });
await hub.uploadFile({ ...how, repo, branch: "side/way", file: { path: "b.txt", content: new Blob(["b"]) }, useWebWorkers: false });
assert.equal(await (await hub.downloadFile({ ...how, repo, revision: "side/way", path: "b.txt" })).text(), "b");
const side = [];
for await (const file of hub.listFiles({ ...how, repo, revision: "side/way" })) side.push(file.path);
assert.ok(side.includes("b.txt"));
await hub.deleteBranch({ ...how, repo, branch: "side/way" });

const pr = await hub.uploadFile({ ...how, repo, isPullRequest: true, file: { path: "pr.txt", content: new Blob(["pr"]) }, useWebWorkers: false });
assert.equal(pr.pullRequestUrl, `${hubUrl}/${name}/discussions/1`);
assert.equal(await (await hub.downloadFile({ ...how, repo, revision: "refs/pr/1", path: "pr.txt" })).text(), "pr");

const found = [];
for await (const model of hub.listModels({ ...how, search: { owner: "alice", query: name.split("/")[1] } })) found.push(model.name);
assert.ok(found.includes(name), found.join());
const model = await hub.modelInfo({ ...how, name, additionalFields: ["sha", "author", "tags"] });
assert.equal(model.author, "alice");
assert.match(model.sha, /^[0-9a-f]{40}$/);

await assert.rejects(hub.uploadFile({ hubUrl, accessToken: "hf_" + "bobwrite".padEnd(34, "x"), repo, file: { path: "x", content: new Blob(["x"]) } }), (e) => e.statusCode === 403);
await hub.deleteRepo({ ...how, repo });
assert.equal(await hub.repoExists({ ...how, repo }), false);
console.log("journey done");
