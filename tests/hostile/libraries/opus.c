/* SPDX-License-Identifier: Apache-2.0 */
/* opus (libopus-dev: opus): encodes sound and decodes it */
#include "library.h"
#include <opus/opus.h>

static uint64_t work(int number)
{
	int error;
	short in[960], back[960];
	unsigned char packet[1000];
	uint64_t result = 0;
	OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_AUDIO, &error);
	OpusDecoder *decoder = opus_decoder_create(48000, 1, &error);
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 960; k++)
			in[k] = (short)((k * (number + 3) * 37) % 20000 - 10000);
		int size = opus_encode(encoder, in, 960, packet, sizeof packet);
		result = digest(result, packet, size > 0 ? (size_t)size : 0);
		result = digest_number(result, opus_decode(decoder, packet, size, back, 960, 0));
		result = digest(result, back, sizeof back);
	}
	opus_encoder_destroy(encoder);
	opus_decoder_destroy(decoder);
	return result;
}

LIBRARY(opus, work)
