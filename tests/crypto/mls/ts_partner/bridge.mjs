// ts-mls behind JSON lines: one question a line on standard input, one answer a line on standard
// output. Bytes are hexadecimal. A member is named by `who`, and this program keeps its state.
//
//     {"ask": "create", "who": "1", "group": "6869"}   ->   {"epoch": 0, "leaf": 0}
//
// An answer to what failed is {"error": …}.

import * as mls from "ts-mls";
import readline from "node:readline";

const SUITE = "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519";
const suite = await mls.getCiphersuiteImpl(mls.getCiphersuiteFromName(SUITE), mls.nobleCryptoProvider);

const packages = new Map(); // who has a key package, with its secrets
const states = new Map(); // who is in a group

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
const written = (message) => hex(mls.encodeMlsMessage({ version: "mls10", ...message }));
const read = (text) => mls.decodeMlsMessage(bytes(text), 0)[0];
const standing = (state) => ({
  epoch: Number(state.groupContext.epoch),
  leaf: state.privatePath.leafIndex,
});

const answers = {
  // A key package for somebody who is in no group.
  async package({ who, name, from, until }) {
    const made = await mls.generateKeyPackage(
      { credentialType: "basic", identity: bytes(name) },
      { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: ["basic"] },
      { notBefore: BigInt(from), notAfter: BigInt(until) },
      [],
      suite,
    );
    packages.set(who, made);
    return { package: written({ wireformat: "mls_key_package", keyPackage: made.publicPackage }) };
  },

  async create({ who, group }) {
    const { publicPackage, privatePackage } = packages.get(who);
    const state = await mls.createGroup(bytes(group), publicPackage, privatePackage, [], suite);
    states.set(who, state);
    return standing(state);
  },

  async join({ who, welcome }) {
    const { publicPackage, privatePackage } = packages.get(who);
    const found = read(welcome).welcome;
    const state = await mls.joinGroup(found, publicPackage, privatePackage, mls.emptyPskIndex, suite);
    states.set(who, state);
    return standing(state);
  },

  // A commit that adds key packages and removes leaves; with neither it renews the own leaf.
  async commit({ who, add, remove, inClear }) {
    const proposals = [
      ...add.map((one) => ({ proposalType: "add", add: { keyPackage: read(one).keyPackage } })),
      ...remove.map((leaf) => ({ proposalType: "remove", remove: { removed: leaf } })),
    ];
    const made = await mls.createCommit(
      { state: states.get(who), cipherSuite: suite, pskIndex: mls.emptyPskIndex },
      { extraProposals: proposals, wireAsPublicMessage: inClear, ratchetTreeExtension: true },
    );
    states.set(who, made.newState);
    const welcome = made.welcome && written({ wireformat: "mls_welcome", welcome: made.welcome });
    return { commit: hex(mls.encodeMlsMessage(made.commit)), welcome: welcome ?? null };
  },

  // A commit or a message of somebody else.
  async process({ who, message }) {
    const found = read(message);
    const state = states.get(who);
    const made = found.privateMessage
      ? await mls.processPrivateMessage(state, found.privateMessage, mls.emptyPskIndex, suite, mls.acceptAll)
      : await mls.processPublicMessage(state, found.publicMessage, mls.emptyPskIndex, suite, mls.acceptAll);
    states.set(who, made.newState);
    if (made.kind === "applicationMessage") return { said: hex(made.message) };
    return { active: made.newState.groupActiveState.kind === "active", ...standing(made.newState) };
  },

  async encrypt({ who, data }) {
    const made = await mls.createApplicationMessage(states.get(who), bytes(data), suite);
    states.set(who, made.newState);
    return { message: written({ wireformat: "mls_private_message", privateMessage: made.privateMessage }) };
  },

  async export({ who, label, context, length }) {
    const { exporterSecret } = states.get(who).keySchedule;
    return { exported: hex(await mls.mlsExporter(exporterSecret, label, bytes(context), length, suite)) };
  },

  async authenticator({ who }) {
    return { authenticator: hex(states.get(who).keySchedule.epochAuthenticator) };
  },

  async forget({ who }) {
    packages.delete(who);
    states.delete(who);
    return {};
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { ask, ...question } = JSON.parse(line);
  let answer;
  try {
    answer = await answers[ask](question);
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  console.log(JSON.stringify(answer));
}
