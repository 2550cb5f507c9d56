// Linear layers by rows: the products of a weight, in whichever format it is, with one vector or a few.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "grouped.h"
#include "team.h"
#include "vectors.h"

namespace {

struct Linear {
    const void* weight;    // [rows, columns] int8 or float32; null: `parts` has it
    const uint16_t* scale; // [rows] bfloat16 for int8, else null
    const float* bias;     // [rows] or null
    int64_t rows, columns;
    const Grouped* parts;  // row upon row, or null
    int64_t part_count;
    bool is_there() const { return weight || parts; }
};

// A vector that is to be multiplied, and what of it a weight needs.
struct Operand {
    const float* x;
    Rounded rounded;
    void take(const Linear& map, const float* from) {
        x = from;
        if (map.parts) rounded.round(from, map.columns);
    }
};

// Units of work: whole tiles, so that none is computed twice.
inline int64_t product_units(int team, int64_t rows) { return pieces(team, (rows + kTile - 1) / kTile); }
inline Range product_share(int64_t unit, int team, int64_t rows) {
    const Range tiles = share(unit, product_units(team, rows), (rows + kTile - 1) / kTile);
    return {tiles.first * kTile, std::min(rows, tiles.last * kTile)};
}

// y [last - first] = rows first ... last - 1 of map by the operand
inline void multiply(const Linear& map, const Operand& operand, Range range, float* y) {
    const int64_t count = range.last - range.first;
    if (map.parts) {
        int64_t begin = 0;
        for (int64_t i = 0; i < map.part_count; begin += map.parts[i++].rows) {
            const int64_t from = std::max(range.first, begin), to = std::min(range.last, begin + map.parts[i].rows);
            if (from < to) multiply(map.parts[i], operand.rounded, from - begin, to - begin, y + from - range.first);
        }
    } else if (map.scale) {
        const int8_t* weight = static_cast<const int8_t*>(map.weight) + range.first * map.columns;
        for (int64_t r = 0; r < count; ++r)
            y[r] = dot(weight + r * map.columns, operand.x, map.columns) * from_bfloat16(map.scale[range.first + r]);
    } else {
        const float* weight = static_cast<const float*>(map.weight) + range.first * map.columns;
        for (int64_t r = 0; r < count; ++r) y[r] = dot(weight + r * map.columns, operand.x, map.columns);
    }
    if (map.bias)
        for (int64_t r = 0; r < count; ++r) y[r] += map.bias[range.first + r];
}

// y [count, rows] = x [count, columns] map^T, for a few rows of x: weights are read once for all of them.
class Product : public Phases {
public:
    Product(int team, const Linear& map, const float* x, int64_t count, float* y)
        : Phases({count, product_units(team, map.rows)}), team_(team), map_(map), x_(x), y_(y), operands_(count) {}

private:
    void run(size_t phase, int64_t unit, Own&) override {
        if (phase == 0) return operands_[unit].take(map_, x_ + unit * map_.columns);
        const Range mine = product_share(unit, team_, map_.rows);
        for (int64_t first = mine.first; first < mine.last; first += kTile)
            for (size_t i = 0; i < operands_.size(); ++i)
                multiply(map_, operands_[i], {first, std::min(mine.last, first + kTile)}, y_ + i * map_.rows + first);
    }
    const int team_;
    const Linear map_;
    const float* x_;
    float* y_;
    std::vector<Operand> operands_;
};

struct Unpacking {
    const Grouped* weight;
    int64_t first, last;  // rows
    const int64_t* ids;   // or these rows, `last` of them, instead
    void* y;              // [last - first, columns]
    int64_t bfloat16;     // else float32
};

class Unpack : public Phases {
public:
    Unpack(int team, const Unpacking& u) : Phases({product_units(team, u.last - u.first)}), team_(team), u_(u) {}

private:
    void run(size_t, int64_t unit, Own&) override {
        const Range mine = product_share(unit, team_, u_.last - u_.first);
        const int64_t columns = u_.weight->columns;
        if (u_.ids)
            for (int64_t i = mine.first; i < mine.last; ++i)
                unpack(*u_.weight, u_.ids[i], u_.ids[i] + 1, static_cast<float*>(u_.y) + i * columns);
        else if (u_.bfloat16)
            unpack(*u_.weight, u_.first + mine.first, u_.first + mine.last, static_cast<uint16_t*>(u_.y) + mine.first * columns);
        else
            unpack(*u_.weight, u_.first + mine.first, u_.first + mine.last, static_cast<float*>(u_.y) + mine.first * columns);
    }
    const int team_;
    const Unpacking u_;
};

}  // namespace
