/* J2 viscoplasticity with Voce and linear isotropic hardening and Norton's flow rule, as an Abaqus UMAT.
 *
 *   R(p) = R0 + Q (1 - exp(-b p)) + H p
 *   q_trial - 3 G dp - R(p + dp) - K (dp / dt)^(1/n) = 0        implicit Euler, small strain
 *
 * PROPS: E, nu, R0, Q, b, H, K, n.  STATEV: p, then the plastic strain with engineering shear (11, 22, 33, 12, 13, 23).
 * The tangent is consistent with the implicit step. An increment of zero duration is elastic.
 * The name is in capitals because CalculiX looks for it so: *MATERIAL, NAME=@ABAQUS_J2EVP_J2EVP loads libJ2EVP.so.
 */
#include <math.h>

#define MAX_ITERATIONS 200

/* The viscous stress y = K (dp / dt)^(1/n) > 0 with over(dp(y)) = y; a smooth unknown even where dp is tiny.
 * Newton kept inside a bracket, because dp(y) is a high power. Returns NaN where it does not converge. */
static double viscous_stress(double over, double shear, const double *props, double p, double dt)
{
    const double q = props[3], b = props[4], h = props[5], k = props[6], n = props[7];
    const double decay = q * exp(-b * p);
    double low = 0.0, high = over + fmax(0.0, -decay), y;
    high = fmin(high, k * pow(high / ((3.0 * shear + h) * dt), 1.0 / n));
    y = fmin(high, k * pow(over / ((3.0 * shear + h + fmax(0.0, decay * b)) * dt), 1.0 / n));
    for (int i = 0; i < MAX_ITERATIONS; i++) {
        const double dp = dt * pow(y / k, n);
        const double residual = over - (3.0 * shear + h) * dp + decay * expm1(-b * dp) - y;
        const double slope = -(3.0 * shear + h + decay * b * exp(-b * dp)) * n * dp / y - 1.0;
        double next;
        if (!isfinite(residual)) return NAN;
        if (residual > 0.0) low = y; else high = y;
        next = y - residual / slope;
        if (!(next >= low && next <= high)) next = 0.5 * (low + high);
        if (fabs(residual) <= 2e-16 * over || fabs(next - y) <= 1e-15 * y) return next;
        y = next;
    }
    return NAN;
}

void J2EVP(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
           double *ddsddt, double *drplde, double *drpldt, const double *stran, const double *dstran,
           const double *time, const double *dtime, const double *temp, const double *dtemp, const double *predef,
           const double *dpred, const char *cmname, const int *ndi, const int *nshr, const int *ntens,
           const int *nstatv, const double *props, const int *nprops, const double *coords, const double *drot,
           double *pnewdt, const double *celent, const double *dfgrd0, const double *dfgrd1, const int *noel,
           const int *npt, const int *layer, const int *kspt, const int *kstep, const int *kinc, long cmname_length)
{
    const double young = props[0], nu = props[1], r0 = props[2], q = props[3], b = props[4], h = props[5];
    const double k = props[6], n = props[7], dt = *dtime, p = statev[0];
    const double shear = young / (2.0 * (1.0 + nu)), bulk = young / (3.0 * (1.0 - 2.0 * nu));
    double elastic[6], flow[6], mean, equivalent, over, square = 0.0, dp = 0.0, ratio = 0.0, multiplier = 0.0;

    for (int a = 0; a < 6; a++) elastic[a] = stran[a] + dstran[a] - statev[1 + a];
    mean = (elastic[0] + elastic[1] + elastic[2]) / 3.0;
    for (int a = 0; a < 3; a++) {
        flow[a] = 2.0 * shear * (elastic[a] - mean);
        flow[a + 3] = shear * elastic[a + 3];
        square += flow[a] * flow[a] + 2.0 * flow[a + 3] * flow[a + 3];
    }
    equivalent = sqrt(1.5 * square);
    over = equivalent - (r0 - q * expm1(-b * p) + h * p);
    if (over > 0.0 && dt > 0.0) {
        const double y = viscous_stress(over, shear, props, p, dt);
        if (!isfinite(y)) {  /* let the solver try a smaller increment */
            *pnewdt = 0.5;
            return;
        }
        dp = dt * pow(y / k, n);
        const double gain = n * dp / y;  /* d dp / d y */
        const double slope = -3.0 * shear - h - q * b * exp(-b * (p + dp));
        ratio = dp / equivalent;
        multiplier = gain / (1.0 - slope * gain);  /* d dp / d q_trial */
    }
    for (int a = 0; a < 6; a++) {
        const double direction = equivalent > 0.0 ? 1.5 * flow[a] / equivalent : 0.0;
        stress[a] = flow[a] - 2.0 * shear * dp * direction + (a < 3 ? 3.0 * bulk * mean : 0.0);
        statev[1 + a] += dp * direction * (a < 3 ? 1.0 : 2.0);
        flow[a] = direction;
    }
    statev[0] = p + dp;

    const double reduced = shear * (1.0 - 3.0 * shear * ratio), radial = 4.0 * shear * shear * (ratio - multiplier);
    for (int c = 0; c < 6; c++) {
        for (int a = 0; a < 6; a++) {
            double value = radial * flow[a] * flow[c];
            if (a == c) value += a < 3 ? 2.0 * reduced : reduced;
            if (a < 3 && c < 3) value += bulk - 2.0 / 3.0 * reduced;
            ddsdde[a + 6 * c] = value;
        }
    }
}
