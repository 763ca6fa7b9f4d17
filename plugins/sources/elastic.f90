! Linear isotropic elasticity as an Abaqus UMAT: the smallest complete one, to start from.
!
! PROPS: E, nu. No STATEV. The stress is that of the strain at the end of the increment; temperature is not used.
subroutine umat(stress, statev, ddsdde, sse, spd, scd, rpl, ddsddt, drplde, drpldt, stran, dstran, time, dtime, &
    temp, dtemp, predef, dpred, cmname, ndi, nshr, ntens, nstatv, props, nprops, coords, drot, pnewdt, celent, &
    dfgrd0, dfgrd1, noel, npt, layer, kspt, kstep, kinc)
  implicit none
  integer, parameter :: dp = kind(1.0d0)
  character(len=80), intent(in) :: cmname
  integer, intent(in) :: ndi, nshr, ntens, nstatv, nprops, noel, npt, layer, kspt, kstep(4), kinc
  real(dp), intent(inout) :: stress(ntens), statev(nstatv), ddsdde(ntens, ntens), sse, spd, scd, rpl, ddsddt(ntens)
  real(dp), intent(inout) :: drplde(ntens), drpldt, pnewdt
  real(dp), intent(in) :: stran(ntens), dstran(ntens), time(2), dtime, temp, dtemp, predef(*), dpred(*)
  real(dp), intent(in) :: props(nprops), coords(3), drot(3, 3), celent, dfgrd0(3, 3), dfgrd1(3, 3)
  real(dp) :: shear, lame
  integer :: k

  shear = props(1) / (2 * (1 + props(2)))
  lame = props(1) * props(2) / ((1 + props(2)) * (1 - 2 * props(2)))
  ddsdde = 0
  ddsdde(1:ndi, 1:ndi) = lame
  do k = 1, ndi
    ddsdde(k, k) = lame + 2 * shear
  end do
  do k = ndi + 1, ntens
    ddsdde(k, k) = shear  ! engineering shear strain
  end do
  do k = 1, ntens
    stress(k) = dot_product(ddsdde(k, :), stran + dstran)
  end do
end subroutine
