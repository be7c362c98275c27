/** A vector as OpenAI's `encoding_format: base64` writes it: little-endian 32-bit floats. */
export function toBase64Floats(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

/** The same read back; undefined for what is not a list of 32-bit floats. */
export function fromBase64Floats(text: string): Float32Array | undefined {
  // Copied, because a buffer from the pool need not start at a multiple of four.
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return bytes.length % 4 === 0 ? new Float32Array(bytes.buffer) : undefined;
}
