/* What maps.c, sizes.c, pins.c and migrate.c share. */
#ifndef KL_MAPS_IMPL_H
#define KL_MAPS_IMPL_H

#include "maps.h"
#include "mem.h"

/* Regions of the connection table, in lines. */
struct kl_regions {
	uint32_t main, half, over;
};
/* How many entries each map has, by what was asked for. */
void kl_sizes_fill(const struct kl_maps_sizes *given, uint32_t ret[KL_MAP_COUNT], struct kl_regions *ret_regions);

size_t kl_map_value_size(enum kl_map_id id);
/* Makes what is not pinned in `dir`, opens all of it. entries: as wished; those of pinned ones as they are. */
int kl_maps_make(const char *dir, struct kl_maps *maps, struct kl_err *err);
int kl_maps_map_views(struct kl_maps *maps, int protection, struct kl_err *err);
/* Everything of a fresh kl_config but the layout, which says that it is complete. */
int kl_config_init(struct kl_maps *maps, struct kl_err *err);
void kl_config_set_regions(struct kl_maps *maps);
void kl_config_complete(struct kl_maps *maps);

/*
 * The folders of maps below pin_dir, after whatever a killed agent left half done has been finished or undone:
 *
 *	v<layout>/maps	in force
 *	v<layout>/next	being filled from those in force, or from another layout's; in force once the programs use it
 *	v<layout>/old	on its way out
 */
struct kl_pins {
	char *dir;   /* the maps to open or make */
	char *old;   /* NULL, or the maps that those are to be filled from */
	bool resume; /* the filling was done by an agent that died while it switched the programs */
};
int kl_pins_settle(const char *pin_dir, struct kl_pins *ret, struct kl_err *err);
/* Other sizes are wanted than those in force. */
void kl_pins_grow(const char *pin_dir, struct kl_pins *pins);
/* `next` becomes `maps`; whatever else there is goes. */
int kl_pins_finish(const char *pin_dir, struct kl_err *err);
void kl_pins_release(struct kl_pins *pins);

struct kl_migration;
/* Pins those of the old maps that can be used as they are into the new folder. maps->entries: as wished. */
int kl_migration_new(const char *pin_dir, const struct kl_pins *pins, struct kl_maps *maps, struct kl_migration **ret,
	struct kl_err *err);
/* Fills the new maps, which have been made and mapped. */
int kl_migration_fill(struct kl_migration *migration, struct kl_err *err);
void kl_migration_free(struct kl_migration *migration);
KL_AUTO(kl_cleanup_migration, struct kl_migration, kl_migration_free)

#endif
