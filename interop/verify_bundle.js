// node verify_bundle.js BUNDLE CHECKPOINT: @transmute/rfc9162 judges the proof of every entry.
const crypto = require('crypto')
const fs = require('fs')
const RFC9162 = require('@transmute/rfc9162').default

const raw = (text) => new Uint8Array(Buffer.from(text, 'base64'))

async function main() {
  const [, size, root] = fs.readFileSync(process.argv[3], 'utf8').split('\n')
  let count = 0
  for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
    if (!line.startsWith('{"entry":')) continue // the first and the last line
    const { index, proof } = JSON.parse(line)
    const entry = line.slice('{"entry":'.length, line.lastIndexOf(',"index":'))
    const leaf = new Uint8Array(crypto.createHash('sha256').update('\0').update(entry).digest())
    const path = { log_id: '', tree_size: Number(size), leaf_index: index, inclusion_path: proof.map(raw) }
    if (!(await RFC9162.verifyInclusionProof(raw(root), leaf, path))) throw new Error(`the proof of entry ${index} fails`)
    count += 1
  }
  console.log(`@transmute/rfc9162 accepts the proofs of ${count} entries`)
}

main().catch((error) => {
  console.error(String(error))
  process.exit(1)
})
