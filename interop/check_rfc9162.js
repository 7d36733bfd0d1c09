// Asks @transmute/rfc9162 about our proofs. Runs in .interop/npm.
//
// Its verifyConsistencyProof leaves out step 2 of RFC 9162, section 2.1.4.2 (put the earlier root before the path where
// the earlier size is a power of two), so that step is done here.
const fs = require('fs')
const RFC9162 = require('@transmute/rfc9162').default

const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'))

async function main() {
  let wrong = 0
  let count = 0
  for (const line of fs.readFileSync(process.argv[2], 'utf8').trim().split('\n')) {
    const one = JSON.parse(line)
    const path = one.proof.map(bytes)
    let accepted
    if (one.kind === 'inclusion') {
      const proof = { log_id: '', tree_size: one.size, leaf_index: one.index, inclusion_path: path }
      accepted = await RFC9162.verifyInclusionProof(bytes(one.root), bytes(one.first), proof)
    } else {
      if ((one.index & (one.index - 1)) === 0) path.unshift(bytes(one.first))
      const proof = { log_id: '', tree_size_1: one.index, tree_size_2: one.size, consistency_path: path }
      accepted = await RFC9162.verifyConsistencyProof(bytes(one.first), bytes(one.root), proof)
    }
    count += 1
    if (accepted !== one.valid) {
      wrong += 1
      console.log('@transmute/rfc9162 disagrees:', line)
    }
  }
  console.log(`${count} proofs, half of them altered; ${wrong} wrong`)
  process.exit(wrong || !count ? 1 : 0)
}

main()
