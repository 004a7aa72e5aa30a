/* Selectors as text, in the form kl_selector_parse reads; nothing is appended for an empty one. */
#ifndef KL_SELECTOR_TEXT_H
#define KL_SELECTOR_TEXT_H

#include "json.h"

void kl_selector_text(const json_t *label_selector, struct kl_buf *buf);
void kl_selector_text_map(const json_t *map, struct kl_buf *buf);

#endif
