! Norton viscoplasticity with isotropic and Armstrong-Frederick kinematic hardening (J. L. Chaboche), as a UMAT.
!
!   p' = <(J(s - X) - R) / K>^n        R = R0 + H p + Q (1 - exp(-b p))
!   X  = sum_k 2/3 C_k alpha_k         alpha_k' = plastic strain' - D_k alpha_k p'
!
! Implicit Euler, small strain, three dimensions. The flow direction is that of xi = s_trial - sum_k 2/3 C_k theta_k
! alpha_k with theta_k = 1 / (1 + D_k dp), so that one scalar equation remains:
!
!   J(xi) - (3 G + sum_k C_k theta_k) dp - R(p + dp) = K (dp / dt)^(1/n)
!
! PROPS:  E, nu, K, n, R0, H, Q, b, then C_k, D_k for each kinematic term.
! STATEV: p, plastic strain, alpha_1, alpha_2, ...; tensors with engineering shear (11, 22, 33, 12, 13, 23).
! Symbol CHABOCHE; for Abaqus, call it from a subroutine UMAT.
module chaboche_law
  use, intrinsic :: iso_c_binding, only: c_int, c_double, c_char
  use, intrinsic :: ieee_arithmetic, only: ieee_is_finite
  implicit none
  private
  public :: chaboche
  integer, parameter :: dp = c_double
  real(dp), parameter :: root2 = 1.4142135623730950488_dp
  ! Inside, tensors are (11, 22, 33, sqrt2 12, sqrt2 13, sqrt2 23): a dot product is the double contraction.
  real(dp), parameter :: shear_factor(6) = [1.0_dp, 1.0_dp, 1.0_dp, root2, root2, root2]

contains

  ! g(dp) = J(xi) - (3 G + sum_k C_k theta_k) dp - R(p + dp), its derivative, xi, d xi / d dp, J(xi), n : d xi / d dp.
  pure subroutine overstress(increment, trial, p, alpha, shear, props, value, slope, xi, drift, equivalent, along)
    real(dp), intent(in) :: increment, trial(6), p, alpha(:, :), shear, props(:)
    real(dp), intent(out) :: value, slope, xi(6), drift(6), equivalent, along
    real(dp) :: theta, back(6), voce
    integer :: k
    voce = props(7) * exp(-props(8) * (p + increment))
    value = -3 * shear * increment - (props(5) + props(6) * (p + increment) + props(7) - voce)
    slope = -3 * shear - props(6) - props(8) * voce
    xi = trial
    drift = 0
    do k = 1, size(alpha, 2)
      theta = 1 / (1 + props(8 + 2 * k) * increment)
      value = value - props(7 + 2 * k) * theta * increment
      slope = slope - props(7 + 2 * k) * theta**2
      back = 2.0_dp / 3 * props(7 + 2 * k) * theta * alpha(:, k)
      xi = xi - back
      drift = drift + props(8 + 2 * k) * theta * back
    end do
    equivalent = sqrt(1.5_dp * dot_product(xi, xi))
    along = 0
    if (equivalent > 0) along = 1.5_dp * dot_product(xi, drift) / equivalent
    value = value + equivalent
    slope = slope + along
  end subroutine

  ! The viscous stress y > 0 with g(dt (y / K)^n) = y: Newton kept inside a bracket. Not finite: no convergence.
  ! start, first : g(0) > 0 and g'(0). J(xi) <= J(s_trial) + sum_k J(X_k), and R falls by its Voce part at most.
  pure function viscous_stress(start, first, dt, trial, p, alpha, shear, props) result(y)
    real(dp), intent(in) :: start, first, dt, trial(6), p, alpha(:, :), shear, props(:)
    real(dp) :: y, low, high, bound, scale, voce, next, value, slope, xi(6), drift(6), equivalent, along, residual, inc
    integer :: k
    scale = sqrt(1.5_dp * dot_product(trial, trial))
    do k = 1, size(alpha, 2)
      scale = scale + props(7 + 2 * k) * sqrt(2.0_dp / 3 * dot_product(alpha(:, k), alpha(:, k)))
    end do
    voce = props(7) * exp(-props(8) * p)
    bound = scale - (props(5) + props(6) * p + props(7) - voce) - min(0.0_dp, voce)
    low = 0
    high = min(bound, props(3) * (bound / (3 * shear * dt))**(1 / props(4)))
    y = min(high, start)
    if (first < 0) y = min(y, props(3) * (start / (-first * dt))**(1 / props(4)))
    do k = 1, 200
      inc = dt * (y / props(3))**props(4)
      call overstress(inc, trial, p, alpha, shear, props, value, slope, xi, drift, equivalent, along)
      residual = value - y
      if (.not. ieee_is_finite(residual)) exit
      if (residual > 0) then
        low = y
      else
        high = y
      end if
      next = y - residual / (slope * props(4) * inc / y - 1)
      if (.not. (next >= low .and. next <= high)) next = (low + high) / 2
      if (abs(residual) <= 2e-15_dp * scale .or. abs(next - y) <= 1e-15_dp * y) then
        y = next
        return
      end if
      y = next
    end do
    y = -1
  end function

  subroutine chaboche(stress, statev, ddsdde, sse, spd, scd, rpl, ddsddt, drplde, drpldt, stran, dstran, time, dtime, &
      temp, dtemp, predef, dpred, cmname, ndi, nshr, ntens, nstatv, props, nprops, coords, drot, pnewdt, celent, &
      dfgrd0, dfgrd1, noel, npt, layer, kspt, kstep, kinc) bind(c, name="CHABOCHE")
    integer(c_int), intent(in) :: ndi, nshr, ntens, nstatv, nprops, noel, npt, layer, kspt, kstep(4), kinc
    character(kind=c_char), intent(in) :: cmname(80)
    real(dp), intent(inout) :: stress(6), statev(nstatv), ddsdde(6, 6), sse, spd, scd, rpl, ddsddt(6), drplde(6)
    real(dp), intent(inout) :: drpldt, pnewdt
    real(dp), intent(in) :: stran(6), dstran(6), time(2), dtime, temp, dtemp, predef(*), dpred(*), props(nprops)
    real(dp), intent(in) :: coords(3), drot(3, 3), celent, dfgrd0(3, 3), dfgrd1(3, 3)
    real(dp) :: alpha(6, (nprops - 8) / 2), plastic(6), elastic(6), trial(6), xi(6), drift(6), tangent(6, 6)
    real(dp) :: shear, bulk, mean, value, slope, equivalent, along, inc, y, multiplier, gain, ratio, reduced
    integer :: k

    shear = props(1) / (2 * (1 + props(2)))
    bulk = props(1) / (3 * (1 - 2 * props(2)))
    plastic = statev(2:7) / shear_factor
    do k = 1, size(alpha, 2)
      alpha(:, k) = statev(2 + 6 * k:7 + 6 * k) / shear_factor
    end do
    elastic = (stran + dstran) / shear_factor - plastic
    mean = sum(elastic(1:3)) / 3
    trial = 2 * shear * elastic
    trial(1:3) = trial(1:3) - 2 * shear * mean
    call overstress(0.0_dp, trial, statev(1), alpha, shear, props, value, slope, xi, drift, equivalent, along)
    inc = 0
    multiplier = 0
    ratio = 0
    if (value > 0 .and. dtime > 0) then
      y = viscous_stress(value, slope, dtime, trial, statev(1), alpha, shear, props)
      if (.not. y >= 0) then  ! let the solver try a smaller increment
        pnewdt = 0.5_dp
        return
      end if
      inc = dtime * (y / props(3))**props(4)
      call overstress(inc, trial, statev(1), alpha, shear, props, value, slope, xi, drift, equivalent, along)
      gain = props(4) * inc / y  ! d dp / d y
      multiplier = 2 * shear * gain / (1 - slope * gain)
      ratio = inc / equivalent
      xi = 1.5_dp * xi / equivalent  ! the flow direction from here on
      plastic = plastic + inc * xi
      do k = 1, size(alpha, 2)
        alpha(:, k) = (alpha(:, k) + inc * xi) / (1 + props(8 + 2 * k) * inc)
      end do
    end if
    trial = trial - 2 * shear * inc * xi
    trial(1:3) = trial(1:3) + 3 * bulk * mean
    stress = trial / shear_factor
    statev(1) = statev(1) + inc
    statev(2:7) = plastic * shear_factor
    do k = 1, size(alpha, 2)
      statev(2 + 6 * k:7 + 6 * k) = alpha(:, k) * shear_factor
    end do

    reduced = shear * (1 - 3 * shear * ratio)
    do k = 1, 6
      tangent(:, k) = -(2 * shear * (multiplier - ratio * (2 * shear + multiplier * along)) * xi &
        + 3 * shear * multiplier * ratio * drift) * xi(k)
      tangent(k, k) = tangent(k, k) + 2 * reduced
    end do
    tangent(1:3, 1:3) = tangent(1:3, 1:3) + bulk - 2.0_dp / 3 * reduced
    do k = 1, 6
      ddsdde(:, k) = tangent(:, k) / (shear_factor * shear_factor(k))
    end do
  end subroutine
end module
