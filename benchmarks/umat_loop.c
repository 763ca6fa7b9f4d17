/* The peer of benchmarks/umat.py: what a host in C does at each point, and nothing more. All arrays are in the UMAT's
 * own order, so that nothing has to be converted; stress, state and tangent are where the host wants them. */
#include <string.h>

typedef void umat(double *, double *, double *, double *, double *, double *, double *, double *, double *, double *,
                  double *, double *, double *, double *, double *, double *, double *, double *, char *, int *, int *,
                  int *, int *, double *, int *, double *, double *, double *, double *, double *, double *, int *,
                  int *, int *, int *, int *, int *, long);

int loop(umat *law, int n, int depvar, double *props, int n_props, double *strain0, double *strain1, double *stress0,
         double *state0, double *coordinates, double dt, double *stress, double *state, double *tangent)
{
    double sse = 0, spd = 0, scd = 0, rpl = 0, ddsddt[6], drplde[6], drpldt = 0, dstran[6], time[2] = {0, 0};
    double temp = 0, dtemp = 0, predef = 0, dpred = 0, celent = 1, pnewdt;
    double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    char name[80] = "PEER";
    int ndi = 3, nshr = 3, ntens = 6, npt, noel, one = 1, step[4] = {1, 1, 0, 0}, failed = 0;

    for (int i = 0; i < n; i++) {
        noel = 1 + i / 8;
        npt = 1 + i % 8;
        pnewdt = 1;
        memcpy(stress + 6 * i, stress0 + 6 * i, 6 * sizeof(double));
        memcpy(state + depvar * i, state0 + depvar * i, depvar * sizeof(double));
        for (int a = 0; a < 6; a++) dstran[a] = strain1[6 * i + a] - strain0[6 * i + a];
        law(stress + 6 * i, state + depvar * i, tangent + 36 * i, &sse, &spd, &scd, &rpl, ddsddt, drplde, &drpldt,
            strain0 + 6 * i, dstran, time, &dt, &temp, &dtemp, &predef, &dpred, name, &ndi, &nshr, &ntens, &depvar,
            props, &n_props, coordinates + 3 * i, identity, &pnewdt, &celent, identity, identity, &noel, &npt, &one,
            &one, step, &one, 80);
        failed += pnewdt < 1;
    }
    return failed;
}
